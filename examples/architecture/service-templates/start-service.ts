import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { endOnCrash } from '../../api-design/error-handling/end-on-crash.ts';
import { createDeadJobs } from '../../jobs/background-jobs/dead-jobs.ts';
import {
  createJobQueue,
  type JobQueue,
} from '../../jobs/background-jobs/job-queue.ts';
import {
  type Handler,
  startJobWorker,
} from '../../jobs/background-jobs/job-worker.ts';
import { startPurging } from '../../jobs/background-jobs/start-purging.ts';
import { listenForWakeUps } from '../../jobs/worker-loop/listen-for-wake-ups.ts';
import { createDrain } from '../../observability/health-checks-and-graceful-shutdown/drain-server.ts';
import { startHealth } from '../../observability/health-checks-and-graceful-shutdown/health.ts';
import { prepareShutdown } from '../../observability/health-checks-and-graceful-shutdown/shutdown.ts';
import { createPool } from '../../postgres/connection-pooling/create-pool.ts';
import type { GuardedPool } from '../../postgres/connection-pooling/guarded-pool.ts';
import { applyMigrations } from './apply-migrations.ts';

type Log = Record<
  'info' | 'warn' | 'error',
  (message: string, details: object) => void
>;

/** What the routes and the jobs of a service are made with. */
export type Parts = { pool: GuardedPool; queue: JobQueue };

export type ServiceOptions = {
  /** Who this is, in `pg_stat_activity`. */
  name: string;
  /** Directly to Postgres, not through PgBouncer. */
  databaseUrl: string;
  host: string;
  port: number;
  /** How long the load balancer takes to notice that an instance leaves. */
  noticeMs: number;
  /** The whole shutdown takes no longer. */
  limitMs: number;
  /** The folder of its migrations. */
  migrations: URL;
  log: Log;
  /** Makes what the service does: its routes, and a handler for each kind of job. */
  create: (parts: Parts) => {
    app: RequestListener;
    handlers: Record<string, Handler>;
  };
};

type Stop = ReturnType<typeof prepareShutdown>;

/** Runs a service until SIGTERM, which ends the process. Resolves with its port once it serves; throws ShuttingDownError when the signal came first. */
export async function startService(
  options: ServiceOptions,
): Promise<number> {
  const { databaseUrl: connectionString, log, limitMs } = options;
  // #region listen-first
  const server = createServer({ keepAliveTimeout: 65_000 });
  const health = startHealth({ log });
  const drain = createDrain(server);
  const announce = () => {
    health.drain();
    drain.sayGoodbye();
  };
  const stop = prepareShutdown({ ...options, announce });
  // After a crash, requests under way get its five seconds.
  const { signal: never } = new AbortController();
  endOnCrash({ log, stop: () => drain.close(never) });

  let app: RequestListener = answerTooEarly;
  server.on('request', (request, response) => {
    if (!health.answer(request, response)) app(request, response);
  });
  // Probes are answered while the migrations run.
  server.listen(options.port, options.host);
  await once(server, 'listening');
  // #endregion listen-first

  await applyMigrations(options);
  // #region open-in-order
  const pool = openPool(options, stop);
  // Requests and handlers cannot use this one up.
  const reserve = openPool(options, stop);
  health.watch('database', () => reserve.query('select 1'));
  const queue = createJobQueue({ pool });
  const service = options.create({ pool, queue });
  const worker = startJobWorker({
    pool: reserve,
    handlers: service.handlers,
    log,
    concurrency: pool.options.max / 2, // the rest is for requests
  });
  health.watch('jobs', worker.check);
  const deadJobs = createDeadJobs({ pool: reserve });
  const purging = startPurging(() => deadJobs.purge(30), log); // days
  const { wake } = worker;
  const listener = listenForWakeUps({ connectionString, wake, log });
  // Requests get half of the time, and then jobs half of the rest.
  const halfMs = (limitMs - options.noticeMs) / 2;
  stop.add({
    name: 'jobs',
    limitMs,
    close: () => {
      purging.stop();
      return Promise.all([listener.stop(), worker.stop(halfMs / 2000)]);
    },
  });
  app = service.app;
  // Added last, closed first: requests need all of the above.
  stop.add({ name: 'requests', limitMs: halfMs, close: drain.close });
  health.finishStart();
  // #endregion open-in-order
  return (server.address() as AddressInfo).port;
}

const answerTooEarly: RequestListener = (_request, response) => {
  const type = { 'content-type': 'application/problem+json' };
  response.writeHead(503, { ...type, 'retry-after': '1' });
  response.end(
    '{"title":"Service Unavailable","status":503,"code":"starting"}',
  );
};

/** A pool that ends with the service. */
function openPool(options: ServiceOptions, stop: Stop) {
  const { databaseUrl: connectionString, name, log, limitMs } = options;
  const pool = createPool({
    connectionString,
    applicationName: name,
    log,
  });
  stop.add({ name: 'pool', limitMs, close: () => pool.end() });
  return pool;
}
