import { setTimeout as pause } from 'node:timers/promises';
import type { Storage } from './storage.ts';
import type { Log } from './time-partitions.ts';

/** What maintenance needs. */
export type MaintenanceOptions = {
  storage: Pick<Storage, 'partitions' | 'rollUps'>;
  log: Log;
  rollUpSeconds: number;
};

/** Rolls up every few seconds, and looks after partitions every hour, until it is stopped. */
export function startMaintenance(options: MaintenanceOptions) {
  const { storage, log, rollUpSeconds } = options;
  const { partitions, rollUps } = storage;
  const stopping = new AbortController();
  const { signal } = stopping;

  async function repeat(seconds: number, work: () => Promise<unknown>) {
    while (!signal.aborted) {
      // The next round tries again: whatever failed has changed nothing.
      await work().catch((error) =>
        log.warn('maintenance failed', { error }),
      );
      await pause(seconds * 1000, null, { signal }).catch(() => {});
    }
  }

  async function keepPartitions() {
    await partitions.prepareAhead();
    await partitions.dropOld();
  }

  const loops = Promise.all([
    repeat(3600, keepPartitions),
    repeat(rollUpSeconds, rollUps.runAll),
  ]);

  async function stop() {
    stopping.abort();
    await loops;
  }
  return { [Symbol.asyncDispose]: stop };
}
