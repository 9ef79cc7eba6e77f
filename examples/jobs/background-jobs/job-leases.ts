import type { Job, Log } from './job.ts';
import { LeaseLostError } from './job-outcomes.ts';
import type { JobQueue } from './job-queue.ts';

/** A job in this process, with times of a clock that nobody sets. */
export type Held = {
  job: Job;
  abort: AbortController;
  began: number;
  renewed: number;
};

/** Begins to hold a job; its lease counts from the question, not from the answer. */
export function hold(job: Job, asked: number): Held {
  const abort = new AbortController();
  return { job, abort, began: asked, renewed: asked };
}

/** Extends the leases of all jobs held, three times a lease, until it is stopped. */
export function keepLeases(options: {
  queue: Pick<JobQueue, 'extend'>;
  list: () => Held[];
  leaseSeconds: number;
  limitSeconds: number;
  log: Log;
}) {
  const { queue, list, leaseSeconds, limitSeconds, log } = options;
  let extending: Promise<void> | undefined;

  // #region heartbeat
  function beat() {
    const now = performance.now();
    for (const { abort, began, renewed } of list()) {
      if (now - renewed >= leaseSeconds * 1000)
        abort.abort(new LeaseLostError());
      if (now - began >= limitSeconds * 1000)
        abort.abort(new Error('It took too long'));
    }
    extending ??= extend(now).finally(() => {
      extending = undefined;
    });
  }

  async function extend(now: number) {
    const held = list();
    if (held.length === 0) return;
    try {
      const jobs = held.map(({ job }) => job);
      const ours = await queue.extend(jobs, leaseSeconds);
      for (const one of held) {
        if (ours.has(one.job.id)) one.renewed = now;
        else one.abort.abort(new LeaseLostError());
      }
    } catch (error) {
      log.warn('leases cannot be extended', { error });
    }
  }
  // #endregion heartbeat

  const heart = setInterval(beat, (leaseSeconds * 1000) / 3);
  return { idle: () => extending, stop: () => clearInterval(heart) };
}
