import { workerData } from 'node:worker_threads';
import { loadModel, serveBatches } from './load-model.ts';

// What rejects here ends the thread, and its parent gets the error.
void serveBatches(loadModel(workerData));
