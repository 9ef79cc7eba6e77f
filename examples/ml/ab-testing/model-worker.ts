import { workerData } from 'node:worker_threads';
import { answerRows } from './answer-rows.ts';
import { checkExamples, loadModel } from './load-model.ts';

const { card, bytes } = workerData;
const predict = await loadModel(card.labels, bytes);
await checkExamples(card, predict);
answerRows(predict);
