import { readdir } from 'node:fs/promises';
import { readModel } from '../model-serving/model-file.ts';
import {
  type ModelPool,
  type ModelPoolOptions,
  startModelPool,
} from '../model-serving/model-pool.ts';

type StartVersionsOptions = Omit<
  ModelPoolOptions,
  'model' | 'workerFile'
> & { folder: URL };

// #region start-versions
/** One pool for each folder of a version. */
export async function startVersions(options: StartVersionsOptions) {
  const { folder, ...limits } = options;
  const pools = new Map<string, ModelPool>();
  for (const name of await readdir(folder)) {
    const model = await readModel(new URL(`${name}/`, folder));
    const workerFile = new URL(
      '../model-serving/model-worker.ts', // as your build names it
      import.meta.url,
    );
    const pool = await startModelPool({ ...limits, model, workerFile });
    pools.set(model.card.version, pool);
  }
  const stopAll = () =>
    Promise.all(Array.from(pools.values(), (pool) => pool.stop()));
  /** Wrap `predict` here: with an observer of drift, for instance. */
  const find = (version: string) => pools.get(version)?.predict;
  return { find, stop: stopAll };
}
// #endregion start-versions
