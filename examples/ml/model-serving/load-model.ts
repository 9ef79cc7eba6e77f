import { parentPort } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Model } from './model-file.ts';

/** Rows in, one after the other; the probabilities of each out. */
export type Predict = (rows: Float32Array) => Promise<Float32Array>;

/** Loads a model into this thread, and asks it what its card knows. */
export async function loadModel(model: Model): Promise<Predict> {
  const { card, bytes } = model;
  const width = card.features.length;
  // ONNX Runtime takes no shared memory; the copy is garbage soon.
  const session = await InferenceSession.create(bytes.slice(), {
    intraOpNumThreads: 1, // the threads are ours: more would compete
    executionMode: 'sequential',
  });

  async function predict(rows: Float32Array) {
    const count = rows.length / width;
    const features = new Tensor('float32', rows, [count, width]);
    const outputs = await session.run({ [card.input]: features });
    const data = outputs[card.output]?.data;
    const isRight = data?.length === count * card.labels.length;
    if (isRight && data instanceof Float32Array) return data;
    const wanted = `float32 output "${card.output}"`;
    throw new Error(`It has no ${wanted} with all labels`);
  }

  await checkExamples(card, predict);
  return predict;
}

// #region check-examples
/** A file can be intact and wrong: it must answer as in training. */
async function checkExamples(
  { examples, tolerance }: Model['card'],
  predict: Predict,
) {
  const rows = examples.flatMap(({ row }) => row);
  const known = examples.flatMap((example) => example.probabilities);
  const answers = await predict(Float32Array.from(rows));
  const isSame =
    answers.length === known.length &&
    answers.every(
      (answer, at) => Math.abs(answer - Number(known[at])) <= tolerance,
    );
  if (!isSame) throw new Error('It contradicts its own card');
}
// #endregion check-examples

/** Serves this thread's parent until it says `end`. What throws ends the thread: it never goes on in an unknown state. */
export async function serveBatches(
  loading: Promise<Predict>,
): Promise<void> {
  const predict = await loading;
  parentPort?.on('message', async (rows: Float32Array | 'end') => {
    if (rows === 'end') parentPort?.close();
    else parentPort?.postMessage(await predict(rows));
  });
  parentPort?.postMessage('ready');
}
