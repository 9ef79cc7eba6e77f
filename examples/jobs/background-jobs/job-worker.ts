import type { Pool } from 'pg';
import {
  type Ended,
  requireNumbers,
  startWorker,
  type WorkerOptions,
} from '../worker-loop/start-worker.ts';
import type { Job, Log, Outcome } from './job.ts';
import { keepLeases } from './job-leases.ts';
import { chooseRetry, judge, PermanentError } from './job-outcomes.ts';
import { createJobQueue } from './job-queue.ts';

/** Does one job; it is called again when its worker died or it threw. */
export type Handler = (job: Job, signal: AbortSignal) => Promise<void>;

export type JobWorkerOptions = Pick<
  WorkerOptions<Job>,
  'concurrency' | 'pollSeconds' | 'limitSeconds'
> & {
  /** Not that of the handlers: when they use it up, leases end. */
  pool: Pool;
  handlers: Record<string, Handler>;
  log: Log;
  /** Default: 30. */
  leaseSeconds?: number;
  /** How long it waits for Postgres. Default: 5. */
  answerSeconds?: number;
  /** Seconds before the retry that follows an attempt. */
  chooseRetry?: (attempt: number) => number;
};

// #region start-job-worker
/** Does due jobs of the kinds that have a handler, until it is stopped. */
export function startJobWorker(options: JobWorkerOptions) {
  const { pool, handlers, log, leaseSeconds = 30 } = options;
  requireNumbers({ leaseSeconds });
  requireLimits(pool);
  const kinds = Object.keys(handlers);
  const queue = createJobQueue(options);
  const onLost = (job: Job) => worker.cut(job, 'lease_lost');
  const leases = keepLeases({ queue, log, leaseSeconds, onLost });

  async function claim(limit: number) {
    const asked = performance.now();
    const jobs = await queue.claim(kinds, limit, leaseSeconds);
    for (const job of jobs) leases.hold(job, asked);
    kinds.push(...kinds.splice(0, 1)); // they take turns
    return jobs;
  }

  async function work(job: Job, signal: AbortSignal) {
    // No worker that had it before came back to say why.
    if (job.attempt > job.maxAttempts)
      throw new PermanentError('Its workers died');
    await handlers[job.kind]?.(job, signal);
  }

  async function settle(batch: Ended<Job>[]) {
    const retry = options.chooseRetry ?? chooseRetry;
    const outcomes = batch.flatMap((end) => judge(end, retry));
    const ours = await queue.settle(outcomes);
    for (const one of outcomes) tell(one, ours.has(one.id));
    for (const { item } of batch) leases.release(item);
  }
  // #endregion start-job-worker

  function tell(outcome: Outcome, isOurs: boolean) {
    if (!isOurs) log.warn('lease lost', outcome);
    else if (!outcome.error) return;
    else if (outcome.retrySeconds === undefined)
      log.error('job is dead', outcome);
    else log.warn('job failed', outcome);
  }

  async function stop(graceSeconds?: number) {
    await worker.stop(graceSeconds);
    leases.stop();
  }

  const parts = { name: 'jobs', claim, work, settle };
  const worker = startWorker<Job>({ ...options, ...parts });
  return { ...worker, stop, [Symbol.asyncDispose]: () => stop() };
}

/** Without them, a server that does not answer stops the worker for good. */
function requireLimits(pool: Pool) {
  if (!pool.options.connectionTimeoutMillis)
    throw new RangeError('the pool has no connectionTimeoutMillis');
  if (pool.listenerCount('error') === 0)
    throw new RangeError('the pool has no listener for error');
}
