import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { Log } from './job.ts';

/** Sleeps until it is rung or the time is up; a ring before the sleep counts. */
export function createDoorbell() {
  let rung = Promise.withResolvers<void>();

  async function wait(milliseconds: number) {
    const timer = setTimeout(() => rung.resolve(), milliseconds);
    await rung.promise;
    clearTimeout(timer);
    rung = Promise.withResolvers();
  }

  return { ring: () => rung.resolve(), wait };
}

/** Rings when a job is enqueued, on a connection of its own, until the signal. */
export async function listenForJobs(options: {
  pool: Pool;
  ring: () => void;
  log: Log;
  signal: AbortSignal;
}) {
  const { pool, ring, log, signal } = options;
  while (!signal.aborted) {
    try {
      const client = await pool.connect();
      try {
        const lost = once(client, 'end', { signal });
        lost.catch(() => {}); // awaited below
        client.on('error', () => {}); // so does a second one
        client.on('notification', ring);
        await client.query('listen jobs');
        ring(); // for what was enqueued while nobody listened
        await lost;
      } finally {
        client.release(true);
      }
    } catch (error) {
      if (!signal.aborted)
        log.warn('nobody listens for jobs', { error });
    }
    // Not all workers at once, when the database is back.
    await pause(500 + Math.random() * 1000, undefined, {
      signal,
    }).catch(() => {});
  }
}
