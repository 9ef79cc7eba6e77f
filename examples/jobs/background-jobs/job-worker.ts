import type { Pool } from 'pg';
import {
  type Ended,
  startWorker,
  type WorkerOptions,
} from '../worker-loop/start-worker.ts';
import type { Job, Log, Outcome } from './job.ts';
import { chooseRetry, judge, PermanentError } from './job-outcomes.ts';
import { createJobQueue } from './job-queue.ts';

/** Does one job; it is called again when its worker died or it threw. */
export type Handler = (job: Job, signal: AbortSignal) => Promise<void>;

export type JobWorkerOptions = Pick<
  WorkerOptions<Job>,
  'concurrency' | 'pollSeconds'
> & {
  /** Not that of the handlers: they could use it up. */
  pool: Pool;
  handlers: Record<string, Handler>;
  log: Log;
  /** How long a handler may take; a killed worker's jobs wait as long. Default: 60. */
  limitSeconds?: number;
  /** How long it waits for Postgres. Default: 5. */
  answerSeconds?: number;
  /** Seconds before the retry that follows an attempt; a finite number. */
  chooseRetry?: (attempt: number) => number;
};

// #region start-job-worker
/** Does due jobs of the kinds that have a handler, until it is stopped. */
export function startJobWorker(options: JobWorkerOptions) {
  const { pool, handlers, log } = options;
  const { limitSeconds = 60, answerSeconds = 5 } = options;
  requireLimits(pool);
  const kinds = Object.keys(handlers);
  const queue = createJobQueue({ pool, answerSeconds });
  // For the claim, the work, and two attempts to settle.
  const leaseSeconds = limitSeconds + 3 * answerSeconds;

  function claim(limit: number) {
    kinds.push(...kinds.splice(0, 1)); // they take turns
    return queue.claim(kinds, limit, leaseSeconds);
  }

  async function work(job: Job, signal: AbortSignal) {
    // No worker that had it before came back to say why.
    if (job.attempt > job.maxAttempts)
      throw new PermanentError('None of its attempts ended');
    const handle = handlers[job.kind];
    if (!handle) throw new Error(`${job.kind} has no handler`);
    await handle(job, signal).catch((error) => {
      job.completed = false; // rolled back, by now or in a moment
      throw error;
    });
  }

  async function settle(batch: Ended<Job>[]) {
    const retry = options.chooseRetry ?? chooseRetry;
    const outcomes = batch.flatMap((end) => judge(end, retry));
    const ours = await queue.settle(outcomes);
    for (const one of outcomes) tell(one, ours.has(one.id));
    for (const { item, result } of batch)
      if (item.completed && result.status === 'rejected')
        log.warn('job goes on', { id: item.id, kind: item.kind });
  }
  // #endregion start-job-worker

  function tell(outcome: Outcome, isOurs: boolean) {
    if (!isOurs) log.warn('lease lost', outcome);
    else if (!outcome.error) return;
    else if (outcome.retrySeconds === undefined)
      log.error('job is dead', outcome);
    else log.warn('job failed', outcome);
  }

  const parts = { name: 'jobs', claim, work, settle, limitSeconds };
  return startWorker<Job>({ ...options, ...parts });
}

/** Without them, a server that does not answer stops the worker for good. */
function requireLimits(pool: Pool) {
  if (!pool.options.connectionTimeoutMillis)
    throw new RangeError('the pool has no connectionTimeoutMillis');
  if (pool.listenerCount('error') === 0)
    throw new RangeError('the pool has no listener for error');
}
