import { setTimeout as wait } from 'node:timers/promises';
import type { RollUps } from './roll-ups.ts';
import type { Log, TimePartitions } from './time-partitions.ts';

/** What maintenance needs. */
export type MaintenanceOptions = {
  partitions: TimePartitions;
  rollUps: Pick<RollUps, 'runAll'>;
  log: Log;
  /** The pause between roll-ups. Default: 10. */
  rollUpSeconds?: number;
  /** For tests: ends early at the signal. */
  pause?: (ms: number, signal: AbortSignal) => Promise<unknown>;
};

type Work = (signal: AbortSignal) => Promise<unknown>;

/** Rolls up every few seconds, and prepares and drops partitions every hour, until it is stopped. */
export function startMaintenance(options: MaintenanceOptions) {
  const { partitions, rollUps, log, rollUpSeconds = 10 } = options;
  const { pause = waitFor } = options;
  const stopping = new AbortController();
  const { signal } = stopping;

  async function repeat(seconds: number, work: Work) {
    while (!signal.aborted) {
      await work(signal).catch((error) => {
        // Each run is one transaction, so the next one tries again.
        if (!signal.aborted) log.warn('maintenance failed', { error });
      });
      await pause(seconds * 1000, signal).catch(() => {});
    }
  }

  const loops = [
    repeat(3600, partitions.prepareAhead),
    repeat(3600, partitions.dropOld),
    repeat(rollUpSeconds, rollUps.runAll),
  ];

  /** Breaks off what is running, and waits for it to end. */
  async function stop(): Promise<void> {
    stopping.abort();
    await Promise.all(loops);
  }
  return { stop, [Symbol.asyncDispose]: stop };
}

function waitFor(ms: number, signal: AbortSignal) {
  return wait(ms, null, { signal });
}
