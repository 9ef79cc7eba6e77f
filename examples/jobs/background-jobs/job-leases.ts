import type { Job, Log } from './job.ts';
import type { JobQueue } from './job-queue.ts';

/** Extends the leases of the jobs held, three times a lease, until it is stopped. */
export function keepLeases(options: {
  queue: Pick<JobQueue, 'extend'>;
  leaseSeconds: number;
  /** The lease of this job is over, or will be. */
  onLost: (job: Job) => void;
  log: Log;
}) {
  const { queue, leaseSeconds, onLost, log } = options;
  const leaseMs = leaseSeconds * 1000;
  const renewedAt = new Map<Job, number>();
  let isExtending = false;

  // #region heartbeat
  function beat() {
    const now = performance.now();
    // A job that is completed has a lock, and needs no lease.
    const jobs = [...renewedAt.keys()].filter((job) => !job.completed);
    for (const job of jobs)
      if (now - Number(renewedAt.get(job)) >= (leaseMs * 2) / 3)
        onLost(job);
    if (jobs.length > 0 && !isExtending) void extend(jobs, now);
  }

  async function extend(jobs: Job[], now: number) {
    isExtending = true;
    try {
      const ours = await queue.extend(jobs, leaseSeconds);
      for (const job of jobs) {
        if (!ours.has(job.id)) onLost(job);
        else if (renewedAt.has(job)) renewedAt.set(job, now);
      }
    } catch (error) {
      log.warn('leases cannot be extended', { error });
    }
    isExtending = false;
  }
  // #endregion heartbeat

  const heart = setInterval(beat, leaseMs / 3);
  return {
    /** The lease counts from the question, not from the answer. */
    hold: (job: Job, asked: number) => void renewedAt.set(job, asked),
    release: (job: Job) => void renewedAt.delete(job),
    stop: () => clearInterval(heart),
  };
}
