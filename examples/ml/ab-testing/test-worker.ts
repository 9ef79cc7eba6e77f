import { workerData } from 'node:worker_threads';
import { loadFaulty } from '@touchstone/kit/models/faults';
import {
  loadModel,
  serveBatches,
} from '../model-serving/load-model.ts';

// The real worker; some rows make it misbehave as a model might.
void serveBatches(loadFaulty(() => loadModel(workerData)));
