import { workerData } from 'node:worker_threads';
import { loadModel } from './load-model.ts';
import { serveBatches } from './serve-batches.ts';

// What rejects here ends the thread, and its parent gets the error.
void serveBatches(loadModel(workerData));
