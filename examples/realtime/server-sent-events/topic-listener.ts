import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';

/** What the listening connection needs. */
export type TopicListenerOptions = {
  /** Directly to the primary, past any transaction pooler. */
  url: string;
  /** Is called with the topic that has news; without one, any may have. */
  wake: (topic?: string) => void;
  log: { warn: (message: string, details: object) => void };
  pingSeconds: number;
  retryMilliseconds: number;
};

/** Listens for all topics of this process on one connection, and connects again when it is lost. */
export function startTopicListener(options: TopicListenerOptions) {
  const { url, wake, log, pingSeconds, retryMilliseconds } = options;
  if (!(pingSeconds > 0 && pingSeconds <= 3600))
    throw new RangeError('pingSeconds: above 0, at most 3600');
  const stopping = new AbortController();

  // #region listen
  async function listen() {
    const client = new Client({
      connectionString: url,
      application_name: 'topic-listener',
      connectionTimeoutMillis: pingSeconds * 1000,
      query_timeout: pingSeconds * 1000,
    });
    const lost = new AbortController();
    client.on('error', (error) => lost.abort(error));
    client.on('notification', ({ payload }) => wake(payload));
    const signal = AbortSignal.any([lost.signal, stopping.signal]);
    try {
      await client.connect();
      await client.query('listen topics');
      wake(); // notifications of the meantime reached nobody
      for (;;) {
        await pause(pingSeconds * 1000, undefined, { signal });
        await client.query('select'); // finds a connection that is dead
      }
    } finally {
      // A server that is frozen would never answer a goodbye.
      client.connection.stream.destroy();
    }
  }
  // #endregion listen

  async function keepListening() {
    const { signal } = stopping;
    while (!signal.aborted) {
      await listen().catch((error: unknown) => {
        if (!signal.aborted)
          log.warn('listening connection lost', { error });
      });
      const delay = retryMilliseconds * (0.5 + Math.random());
      await pause(delay, undefined, { signal }).catch(() => {});
    }
  }

  const ended = keepListening();
  async function stop(): Promise<void> {
    stopping.abort();
    await ended;
  }
  return { stop };
}
