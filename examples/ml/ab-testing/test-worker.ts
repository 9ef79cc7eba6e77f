import { workerData } from 'node:worker_threads';
import { answerRows } from './answer-rows.ts';
import { loadModel } from './load-model.ts';

/** Rows that begin with these make the model do what models do. */
export const FAULTS = { hang: -1, crash: -2, end: -3 };

if (workerData) {
  const { card, bytes } = workerData;
  const predict = await loadModel(card.labels, bytes);
  answerRows(async (row) => {
    if (row[0] === FAULTS.hang) for (;;);
    if (row[0] === FAULTS.crash) throw new Error('out of range');
    if (row[0] === FAULTS.end) process.exit(1);
    return predict(row);
  });
}
