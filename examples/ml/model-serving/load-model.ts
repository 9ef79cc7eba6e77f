import { InferenceSession, Tensor } from 'onnxruntime-node';
import { type Model, ModelError } from './model-file.ts';

/** Rows in, one after the other; the probabilities of each out. */
export type Predict = (rows: Float32Array) => Promise<Float32Array>;

/** Loads a model into this thread, and asks it what its card knows. */
export async function loadModel(model: Model): Promise<Predict> {
  const { card, bytes } = model;
  const width = card.features.length;
  const session = await InferenceSession.create(bytes, {
    intraOpNumThreads: 1, // the threads are ours: more would compete
    executionMode: 'sequential',
  });

  async function predict(rows: Float32Array) {
    const shape = [rows.length / width, width];
    const features = new Tensor('float32', rows, shape);
    const { probabilities } = await session.run({ features });
    return probabilities?.data as Float32Array;
  }

  await checkExamples(card, predict);
  return predict;
}

// #region check-examples
/** A file can be whole and wrong: it must say what it said in training. */
async function checkExamples(
  { examples, labels }: Model['card'],
  predict: Predict,
) {
  const rows = examples.flatMap(({ row }) => row);
  const known = examples.flatMap((example) => example.probabilities);
  const answers = await predict(Float32Array.from(rows));
  const isClose = (value: number, index: number) =>
    // Another processor may round otherwise; never this much.
    Math.abs(value - Number(answers[index])) < 1e-3;
  const isSame =
    answers.length === examples.length * labels.length &&
    answers.length === known.length &&
    known.every(isClose);
  if (!isSame) throw new ModelError('It contradicts its own card');
}
// #endregion check-examples
