import { InferenceSession, Tensor } from 'onnxruntime-node';
import { type Model, ModelError } from './model-file.ts';

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
    const shape = [rows.length / width, width];
    const features = new Tensor('float32', rows, shape);
    const outputs = await session.run({ [card.input]: features });
    const data = outputs[card.output]?.data;
    if (data instanceof Float32Array) return data;
    throw new ModelError(`It has no float32 output "${card.output}"`);
  }

  await checkExamples(card, predict);
  return predict;
}

// #region check-examples
/** A file can be intact and wrong: it must answer as in training. */
async function checkExamples(
  { examples, labels, tolerance }: Model['card'],
  predict: Predict,
) {
  const rows = examples.flatMap(({ row }) => row);
  const known = examples.flatMap((example) => example.probabilities);
  const answers = await predict(Float32Array.from(rows));
  const isClose = (value: number, index: number) =>
    Math.abs(value - Number(answers[index])) <= tolerance;
  const isSame =
    answers.length === examples.length * labels.length &&
    answers.length === known.length &&
    known.every(isClose);
  if (!isSame) throw new ModelError('It contradicts its own card');
}
// #endregion check-examples
