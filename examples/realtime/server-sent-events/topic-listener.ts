import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';

/** What the listening connection needs. */
export type TopicListenerOptions = {
  /** A connection of its own to the database, past any transaction pooler. */
  url: string;
  /** Is called with the topic that has news; without one, all may have. */
  wake: (topic?: string) => void;
  log: { warn: (message: string, details: object) => void };
  pingSeconds?: number;
  retryMilliseconds?: number;
};

/** One connection of this process that listens for all topics, and comes back when it is lost. */
export function startTopicListener(options: TopicListenerOptions) {
  const { url, wake, log } = options;
  const { pingSeconds = 5, retryMilliseconds = 500 } = options;
  const stopping = new AbortController();

  // #region listen
  async function listen() {
    const client = new pg.Client({
      connectionString: url,
      application_name: 'topic-listener',
      connectionTimeoutMillis: pingSeconds * 1000,
      query_timeout: pingSeconds * 1000,
    });
    const lost = new AbortController();
    client.on('error', () => lost.abort());
    client.on('notification', ({ payload }) => wake(payload));
    const signal = AbortSignal.any([lost.signal, stopping.signal]);
    try {
      await client.connect();
      await client.query('listen topics');
      wake(); // nobody heard what was announced until now
      // A line that is dead in silence is found by asking.
      for (;;) {
        await pause(pingSeconds * 1000, undefined, { signal });
        await client.query('select');
      }
    } finally {
      client.end().catch(() => {}); // it may be gone already
    }
  }
  // #endregion listen

  async function keepListening() {
    while (!stopping.signal.aborted) {
      await listen().catch((error: unknown) => {
        if (!stopping.signal.aborted)
          log.warn('listening connection lost', { error });
      });
      await pause(retryMilliseconds, undefined, stopping).catch(
        () => {},
      );
    }
  }

  const ended = keepListening();
  async function stop(): Promise<void> {
    stopping.abort();
    await ended;
  }
  return { stop };
}
