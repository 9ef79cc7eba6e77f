import { setImmediate, setTimeout } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { Job, Log, Outcome } from './job.ts';
import { type Held, hold, keepLeases } from './job-leases.ts';
import * as outcomes from './job-outcomes.ts';
import { createJobQueue } from './job-queue.ts';
import { createDoorbell, listenForJobs } from './job-wake-ups.ts';

/** Does one job; it is called again when its worker died or it threw. */
export type Handler = (job: Job, signal: AbortSignal) => Promise<void>;

/** What a worker needs. */
export type JobWorkerOptions = {
  /** Its own, of 4: handlers that use it up stop the heartbeat. */
  pool: Pool;
  handlers: Record<string, Handler>;
  log: Log;
  concurrency?: number;
  leaseSeconds?: number;
  /** How long a job may take: without it, one that hangs is kept alive. */
  limitSeconds?: number;
  pollSeconds?: number;
  backoff?: outcomes.Backoff;
};

/** Does due jobs, many at a time, until it is stopped. */
export function startJobWorker(options: JobWorkerOptions) {
  const { pool, handlers, log, backoff = outcomes.backOff } = options;
  const { concurrency = 20, pollSeconds = 1 } = options;
  const { leaseSeconds = 30, limitSeconds = 900 } = options;
  const unsettled = 10 * concurrency; // at most
  const kinds = Object.keys(handlers);
  const queue = createJobQueue({ pool });
  const { ring, wait } = createDoorbell();
  const stopping = new AbortController();
  const { signal } = stopping;
  const running = new Map<Held, Promise<void>>();
  const ended: { one: Held; outcome: Outcome }[] = [];
  let sent = 0; // outcomes whose answer is still out
  let settling: Promise<void> | undefined;

  // #region claim-in-batches
  async function claimUntilStopped() {
    while (!signal.aborted) {
      const free = concurrency - running.size;
      const room = Math.min(free, unsettled - sent - ended.length);
      const claimed = room > 0 ? await claim(room) : 0;
      // A full answer may have left more behind.
      if (!claimed || claimed < room) await wait(pollSeconds * 1000);
      await setImmediate(); // what ends together makes one batch
    }
  }

  async function claim(room: number) {
    const asked = performance.now();
    try {
      const jobs = await queue.claim(kinds, room, leaseSeconds);
      for (const job of jobs) {
        const one = hold(job, asked);
        running.set(one, run(one));
      }
      return jobs.length;
    } catch (error) {
      log.warn('jobs cannot be claimed', { error });
      return 0;
    }
  }
  // #endregion claim-in-batches

  async function run(one: Held) {
    const outcome = await attempt(one);
    if (running.size >= concurrency) ring();
    running.delete(one);
    if (outcome) ended.push({ one, outcome });
    if (outcome) settling ??= settleAll();
  }

  // #region attempt
  async function attempt({ job, abort }: Held) {
    const { id, kind, attempt } = job;
    const cut = new Promise<never>((_, reject) => {
      const { signal } = abort;
      signal.addEventListener('abort', () => reject(signal.reason));
    });
    cut.catch(() => {}); // it may come when nothing waits any more
    try {
      // The claim was on its way when the worker was stopped.
      if (signal.aborted) throw new outcomes.StoppedError();
      // Whoever held it before never came back to say why.
      if (attempt > job.maxAttempts) throw new Error('Workers died');
      await Promise.race([handlers[kind]?.(job, abort.signal), cut]);
      return job.completed ? undefined : { id, attempt };
    } catch (error) {
      const outcome = outcomes.judge(job, error, backoff);
      const isDead = outcome.retrySeconds === undefined;
      if (isDead) log.error('job is dead', { kind, ...outcome });
      else log.warn('job failed', { kind, ...outcome });
      return outcome;
    }
  }
  // #endregion attempt

  // #region settle-until-done
  async function settleAll() {
    while (ended.length > 0) {
      await setImmediate();
      await leases.idle(); // both on the same rows could deadlock
      const batch = ended.splice(0);
      sent = batch.length;
      try {
        const told = batch.map(({ outcome }) => outcome);
        const ours = await queue.settle(told);
        const lost = told.filter(({ id }) => !ours.has(id));
        for (const outcome of lost) log.warn('lease lost', outcome);
        if (sent + ended.length >= unsettled) ring();
      } catch (error) {
        ended.unshift(...batch); // their leases go on
        log.warn('jobs cannot be settled', { error });
        if (signal.aborted) break;
        await setTimeout(pollSeconds * 1000);
      } finally {
        sent = 0;
      }
    }
    settling = undefined;
  }
  // #endregion settle-until-done

  // #region stop
  async function stop(graceSeconds = 10) {
    stopping.abort();
    ring();
    await claiming;
    const all = Promise.all(running.values());
    const grace = setTimeout(graceSeconds * 1000, undefined, {
      ref: false,
    });
    await Promise.race([all, grace]);
    for (const { abort } of running.keys())
      abort.abort(new outcomes.StoppedError());
    await all;
    await settling;
    leases.stop();
    await listening;
  }
  // #endregion stop

  const list = () => [
    ...running.keys(),
    ...ended.map(({ one }) => one),
  ];
  const limits = { leaseSeconds, limitSeconds };
  const leases = keepLeases({ queue, log, list, ...limits });
  const claiming = claimUntilStopped();
  const listening = listenForJobs({ pool, log, signal, ring });
  return { stop };
}
