import { setEnvironmentData } from 'node:worker_threads';
import { createTestLog } from '@touchstone/kit/testing/log';
import { waitUntil } from '@touchstone/kit/time/wait';
import { shareBytes } from '../model-serving/model-file.ts';
import { startModelPool } from '../model-serving/model-pool.ts';
import { trainVersion } from './train-version.ts';

/** Values of the first feature that make a test worker misbehave: no flower of the set has them. */
export const FAULTS = { crash: 5.375, wait: 6.25, noNumber: 6.125 };

/** The file that a thread runs, as it is here. */
export const WORKER = new URL(
  '../model-serving/model-worker.ts',
  import.meta.url,
);

/** Limits of a pool that no test reaches by accident. */
export const LIMITS = { stuckMs: 60_000, maxWaiting: 1000 };

/** A version in one thread, for which some rows never end, crash it or have no answer. */
export async function startFaulty(version: '1' | '2') {
  const state = new Int32Array(new SharedArrayBuffer(8));
  setEnvironmentData('gate', state);
  const { card, onnx } = await trainVersion(version);
  const pool = await startModelPool({
    model: { card, bytes: shareBytes(onnx) },
    workerFile: new URL('test-worker.ts', import.meta.url),
    log: createTestLog(),
    ...LIMITS,
  });

  /** Ends all waits, and those that come. */
  function open() {
    Atomics.store(state, 0, 1);
    Atomics.notify(state, 0);
  }
  return {
    ...pool,
    open,
    whenBusy: () =>
      waitUntil('it computes', () => Number(state[1]) > 0),
    [Symbol.asyncDispose]: async () => {
      open();
      await pool.stop();
    },
  };
}
