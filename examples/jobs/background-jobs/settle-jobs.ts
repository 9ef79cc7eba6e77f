import {
  setTimeout as pause,
  setImmediate,
} from 'node:timers/promises';
import type { Log, Outcome } from './job.ts';
import type { JobQueue } from './job-queue.ts';
import { backOffMs } from './start-worker.ts';

type Ended = { outcome: Outcome; resolve: () => void };

/** Records outcomes in batches, again and again until the database has taken them or the signal is aborted. */
export function createSettler(options: {
  queue: Pick<JobQueue, 'settle'>;
  log: Log;
  signal: AbortSignal;
}) {
  const { queue, log, signal } = options;
  let ended: Ended[] = [];
  let isSettling = false;

  /** Resolves when it is recorded, or came too late. */
  function settle(outcome: Outcome): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    ended.push({ outcome, resolve });
    if (!isSettling) void settleAll();
    return promise;
  }

  // #region settle-until-done
  async function settleAll() {
    isSettling = true;
    let failures = 0;
    while (ended.length > 0 && !signal.aborted) {
      if (failures === 0)
        await setImmediate(); // makes a batch
      else await waitFor(backOffMs(failures));
      const batch = ended;
      ended = [];
      try {
        await settleBatch(batch);
        failures = 0;
      } catch (error) {
        ended.push(...batch); // their leases go on
        failures += 1;
        log.warn('jobs cannot be settled', { failures, error });
      }
    }
    isSettling = false;
  }

  async function settleBatch(batch: Ended[]) {
    const outcomes = batch.map(({ outcome }) => outcome);
    const ours = await queue.settle(outcomes);
    for (const { outcome, resolve } of batch) {
      if (!ours.has(outcome.id)) log.warn('lease lost', outcome);
      resolve();
    }
  }
  // #endregion settle-until-done

  /** Less, when the signal is aborted. */
  async function waitFor(ms: number) {
    await pause(ms, undefined, { signal }).catch(() => {});
  }

  return settle;
}
