import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { endOnCrash } from '../../api-design/error-handling/end-on-crash.ts';
import {
  createJobQueue,
  type JobQueue,
} from '../../jobs/background-jobs/job-queue.ts';
import {
  type Handler,
  startJobWorker,
} from '../../jobs/background-jobs/job-worker.ts';
import { listenForWakeUps } from '../../jobs/worker-loop/listen-for-wake-ups.ts';
import { createDrain } from '../../observability/health-checks-and-graceful-shutdown/drain-server.ts';
import { startHealth } from '../../observability/health-checks-and-graceful-shutdown/health.ts';
import {
  prepareShutdown,
  ShuttingDownError,
} from '../../observability/health-checks-and-graceful-shutdown/shutdown.ts';
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
  const { log } = options;
  // #region listen-first
  const server = createServer({ keepAliveTimeout: 65_000 });
  const health = startHealth({ log });
  const drain = createDrain(server);
  const announce = () => {
    health.drain();
    drain.sayGoodbye();
  };
  const stop = prepareShutdown({ ...options, announce });
  const finish = () => drain.close(AbortSignal.timeout(5000));
  endOnCrash({ log, stop: finish, graceSeconds: 6 });

  let app: RequestListener = answerTooEarly;
  server.on('request', (request, response) => {
    if (!health.answer(request, response)) app(request, response);
  });
  // Probes are answered while the migrations run.
  server.listen(options.port, options.host);
  await once(server, 'listening');
  // #endregion listen-first

  await migrate(options, stop);
  // #region open-in-order
  const { pool, probe } = openPools(options, stop);
  health.watch('database', () => probe.query('select 1'));
  const queue = createJobQueue({ pool });
  const service = options.create({ pool, queue });
  startJobs(options, stop, service.handlers);
  app = service.app;
  // Added last, closed first: requests need all of the above.
  stop.add({ name: 'requests', limitMs: 10_000, close: drain.close });
  health.finishStart();
  // #endregion open-in-order
  const address = server.address();
  return typeof address === 'object' ? Number(address?.port) : 0;
}

const answerTooEarly: RequestListener = (_request, response) =>
  void response.writeHead(503, { 'retry-after': '1' }).end();

// #region migrate-at-the-start
/** SIGTERM stops the migration under way: it is rolled back. */
async function migrate(options: ServiceOptions, stop: Stop) {
  const abort = new AbortController();
  const close = async () =>
    abort.abort(new ShuttingDownError('the program is ending'));
  stop.add({ name: 'migrations', limitMs: 1000, close });
  await applyMigrations({ ...options, signal: abort.signal });
}
// #endregion migrate-at-the-start

function openPools(options: ServiceOptions, stop: Stop) {
  const { databaseUrl: connectionString, name, log } = options;
  const common = { connectionString, applicationName: name, log };
  const pool = createPool(common);
  stop.add({ name: 'pool', limitMs: 5000, close: () => pool.end() });
  // A connection of its own: a busy pool is not an outage.
  const probe = createPool({
    ...common,
    max: 1,
    connectTimeoutMs: 1000,
    statementTimeoutMs: 1000,
    answerTimeoutMs: 1500,
  });
  stop.add({ name: 'probe', limitMs: 2000, close: () => probe.end() });
  return { pool, probe };
}

// #region run-the-worker
/** Ends the jobs under way, or gives them back, before the pools end. */
function startJobs(
  options: ServiceOptions,
  stop: Stop,
  handlers: Record<string, Handler>,
) {
  const { databaseUrl: connectionString, name, log } = options;
  // A pool of its own: handlers must not use up its connections.
  const applicationName = `${name} jobs`;
  const common = { connectionString, applicationName, log };
  const pool = createPool({ ...common, max: 4 });
  stop.add({ name: 'jobs', limitMs: 5000, close: () => pool.end() });
  const worker = startJobWorker({
    pool,
    handlers,
    log,
    concurrency: 5, // half of the pool of the handlers
  });
  const { wake } = worker;
  const listener = listenForWakeUps({ connectionString, wake, log });
  stop.add({
    name: 'worker',
    limitMs: 12_000,
    close: () => Promise.all([listener.stop(), worker.stop(5)]),
  });
}
// #endregion run-the-worker
