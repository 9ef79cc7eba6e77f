import { prepareFaults } from '@touchstone/kit/models/faults';
import { createTestLog } from '@touchstone/kit/testing/log';
import { shareBytes } from '../model-serving/model-file.ts';
import { startModelPool } from '../model-serving/model-pool.ts';
import { trainVersion } from './train-version.ts';

/** The file that a thread runs, as it is here. */
const WORKER = new URL(
  '../model-serving/model-worker.ts',
  import.meta.url,
);

/** A trained version in one thread, with limits that no test reaches by accident. */
export async function startTrained(
  version: string,
  { mislabelled = 0, workerFile = WORKER } = {},
) {
  const { card, onnx } = await trainVersion(version, { mislabelled });
  return await startModelPool({
    model: { card, bytes: shareBytes(onnx) },
    workerFile,
    log: createTestLog(),
    stuckMs: 60_000,
    maxWaiting: 1000,
  });
}

/** A version for which some rows never end, crash it or have no answer. */
export async function startFaulty(version: '1' | '2') {
  const faults = prepareFaults();
  const workerFile = new URL('test-worker.ts', import.meta.url);
  const pool = await startTrained(version, { workerFile });
  return {
    ...pool,
    open: faults.open,
    whenBusy: () => faults.batchesBegun(1),
    [Symbol.asyncDispose]: async () => {
      faults.open();
      await pool.stop();
    },
  };
}
