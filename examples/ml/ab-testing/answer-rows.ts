import { parentPort } from 'node:worker_threads';
import type { ThreadMessage } from './model-thread.ts';

/** Tells the thread that started this one that it is ready, and answers its rows. */
export function answerRows(
  predict: (row: number[]) => Promise<string>,
): void {
  parentPort?.on('message', async ({ id, row }) => {
    const answer = await predict(row).then(
      (label) => ({ label }),
      (error: Error) => ({ error: error.message }),
    );
    tell({ id, ...answer });
  });
  tell({ id: 0, label: '' });
}

function tell(message: ThreadMessage) {
  parentPort?.postMessage(message);
}
