import { workerData } from 'piscina';
import { loadModel } from './load-model.ts';
import type { Model } from './model-file.ts';

const predict = await loadModel(workerData as Model);

/** A task of piscina: one row. */
export default (row: Float32Array): Promise<Float32Array> =>
  predict(row);
