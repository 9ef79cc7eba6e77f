import { createPool } from '../../postgres/connection-pooling/create-pool.ts';
import { createAccess } from './access.ts';
import { createApp } from './app.ts';
import { createEventLog } from './event-log.ts';
import {
  createEventStreams,
  type EventStreamsOptions,
} from './event-streams.ts';
import { createRides } from './rides.ts';
import {
  startTopicListener,
  type TopicListenerOptions,
} from './topic-listener.ts';

type Log = Record<
  'warn' | 'error',
  (message: string, details: object) => void
>;

/** Where the database is, and what a test wants otherwise. */
export type AppOptions = Partial<EventStreamsOptions> &
  Partial<TopicListenerOptions> & { databaseUrl: string; log: Log };

/** The app with all that it needs; it is stopped before its server, and disposed of after it. */
export function openApp({ databaseUrl, log, ...settings }: AppOptions) {
  const { clock = () => new Date() } = settings;

  // #region wire
  const pool = createPool({
    connectionString: databaseUrl,
    applicationName: 'rides',
    maxWaiting: 5000, // readers come back all at once
    log,
  });
  const eventLog = createEventLog({ db: pool });
  const access = createAccess({ pool, clock });
  const streams = createEventStreams({
    eventLog,
    findReaders: access.findReaders,
    log,
    clock,
    heartbeatSeconds: 15, // nginx cuts what is silent for 60
    retryMilliseconds: 2000,
    maxStreams: 5000,
    ...settings,
  });
  const listener = startTopicListener({
    url: databaseUrl, // past any transaction pooler
    wake: streams.wake,
    log,
    pingSeconds: 5,
    retryMilliseconds: 500,
    ...settings,
  });
  const pruning = setInterval(pruneOnce, 3_600_000);

  /** After the server has closed; `streams.stop()` comes before. */
  async function close() {
    clearInterval(pruning);
    await listener.stop();
    await pool.end();
  }
  // #endregion wire

  async function pruneOnce() {
    try {
      await eventLog.prune({ hours: 48, batch: 1000 });
    } catch (error) {
      log.error('pruning failed', { error });
    }
  }

  const rides = createRides({ pool, eventLog });
  const app = createApp({ access, rides, streams, log });
  return { app, pool, eventLog, access, streams, close };
}
