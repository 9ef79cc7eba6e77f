import type { Pool } from 'pg';
import {
  type ModelTrialsOptions,
  startModelTrials,
} from './model-trials.ts';
import { startVersions } from './start-versions.ts';

type StartOptions = Pick<ModelTrialsOptions, 'log'> & {
  pool: Pool;
  /** A folder with a folder for each version. */
  folder: URL;
  deadlineMs: number;
};

// #region start-the-trials
/** A pool for each version of a folder, and the trials between them. */
export async function startTrials(options: StartOptions) {
  const { pool, folder, deadlineMs, log } = options;
  const stuckMs = 2 * deadlineMs; // their users have gone by then
  const versions = await startVersions(folder, { stuckMs, log });
  const trials = await startModelTrials({
    pool,
    model: 'irises',
    first: '1', // live until a trial is promoted
    findVersion: (version) => versions.get(version)?.predict,
    rules: { margin: 1.5 },
    limitMs: deadlineMs,
    log,
  });

  async function stop() {
    await trials.stop(); // what happened is written
    for (const version of versions.values()) await version.stop();
  }
  return { ...trials, stop };
}
// #endregion start-the-trials
