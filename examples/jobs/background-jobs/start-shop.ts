import { createPool } from '../../postgres/connection-pooling/create-pool.ts';
import { listenForWakeUps } from '../worker-loop/listen-for-wake-ups.ts';
import { createApp } from './app.ts';
import { createDeadJobs } from './dead-jobs.ts';
import type { Log } from './job.ts';
import { createJobQueue } from './job-queue.ts';
import { startJobWorker } from './job-worker.ts';
import { createOrders } from './orders.ts';
import { startPurging } from './start-purging.ts';

type Settings = {
  connectionString: string;
  log: Log;
  limitSeconds?: number;
  answerSeconds?: number;
};

/** A shop whose worker runs in the process of its API. */
export function startShop(settings: Settings) {
  const { connectionString, log, ...times } = settings;
  const common = { connectionString, applicationName: 'shop', log };
  // #region wire
  const pool = createPool(common);
  const queue = createJobQueue({ pool });
  const orders = createOrders({ pool, queue });
  const deadJobs = createDeadJobs({ pool });
  const purging = startPurging(() => deadJobs.purge(30), log);

  // A pool of its own: handlers must not use up its connections.
  const jobPool = createPool({ ...common, max: 4 });
  const handlers = { 'make-invoice': orders.makeInvoice };
  const limits = { concurrency: 5, ...times }; // half of `pool`
  const services = { pool: jobPool, handlers, log, ...limits };
  const { wake, check, ...worker } = startJobWorker(services);
  const listener = listenForWakeUps({ connectionString, wake, log });

  /** Call it after the last answer: the worker needs the pools. */
  async function stop() {
    purging.stop();
    await Promise.all([listener.stop(), worker.stop(10)]);
    await Promise.all([jobPool.end(), pool.end()]);
  }
  // #endregion wire

  const app = createApp({ orders, deadJobs, log });
  return { app, check, stop };
}
