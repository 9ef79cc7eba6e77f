import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { backOffMs } from './start-worker.ts';

export type ListenOptions = {
  /** Directly to Postgres: PgBouncer in transaction mode passes no NOTIFY. */
  connectionString: string;
  channel?: string;
  wake: () => void;
  log: { warn: (message: string, details: object) => void };
};

/** Wakes a worker at each NOTIFY, until it is stopped. */
export function listenForWakeUps(options: ListenOptions) {
  const { connectionString, channel = 'jobs', wake, log } = options;
  const stopping = new AbortController();
  const { signal } = stopping;

  // #region listen
  async function listen() {
    const client = new Client({
      connectionString,
      connectionTimeoutMillis: 5000,
      query_timeout: 5000,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
    });
    const lost = once(client, 'end', { signal });
    lost.catch(() => {}); // awaited below
    client.on('error', () => {}); // `end` follows
    client.on('notification', wake);
    try {
      await client.connect();
      await client.query(`listen ${client.escapeIdentifier(channel)}`);
      wake(); // for what came while nobody listened
      await lost;
    } finally {
      // A server that is gone would not answer a goodbye.
      client.connection.stream.destroy();
    }
  }

  async function listenUntilStopped() {
    while (!signal.aborted) {
      await listen().catch((error) => {
        if (!signal.aborted) log.warn('nobody listens', { error });
      });
      // All workers lose their connections at the same time.
      await pause(backOffMs(4), undefined, { signal }).catch(() => {});
    }
  }
  // #endregion listen

  const listening = listenUntilStopped();
  async function stop() {
    stopping.abort();
    await listening;
  }
  return { stop, [Symbol.asyncDispose]: stop };
}
