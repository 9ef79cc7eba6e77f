import { readdir } from 'node:fs/promises';
import { readModel } from '../model-serving/model-file.ts';
import {
  type ModelPool,
  type ModelPoolOptions,
  startModelPool,
} from '../model-serving/model-pool.ts';

type Limits = Omit<ModelPoolOptions, 'model' | 'workerFile'>;

/** Starts a pool for each folder of a version. */
export async function startVersions(folder: URL, limits: Limits) {
  const pools = new Map<string, ModelPool>();
  const entries = await readdir(folder, { withFileTypes: true });
  for (const { name } of entries.filter((one) => one.isDirectory())) {
    const model = await readModel(new URL(`${name}/`, folder));
    const workerFile = new URL(
      '../model-serving/model-worker.ts', // as your build names it
      import.meta.url,
    );
    const pool = await startModelPool({ ...limits, model, workerFile });
    pools.set(model.card.version, pool);
  }
  return pools;
}
