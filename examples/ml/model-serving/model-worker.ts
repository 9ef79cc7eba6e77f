import { workerData } from 'node:worker_threads';
import { loadModel } from './load-model.ts';
import { serveBatches } from './serve-batches.ts';

serveBatches(await loadModel(workerData));
