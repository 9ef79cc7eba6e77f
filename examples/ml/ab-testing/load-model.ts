import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { ModelCard } from './model-card.ts';

/** Loads a model into this thread: a row in, its label out. */
export async function loadModel(
  labels: string[],
  bytes: Uint8Array,
): Promise<(row: number[]) => Promise<string>> {
  const session = await InferenceSession.create(bytes, {
    intraOpNumThreads: 1, // the thread is ours: more would compete
    executionMode: 'sequential',
  });

  return async function predict(row: number[]): Promise<string> {
    const input = Float32Array.from(row);
    const features = new Tensor('float32', input, [1, row.length]);
    const { probabilities } = await session.run({ features });
    const values = probabilities?.data as Float32Array;
    const highest = values.indexOf(Math.max(...values));
    return `${labels[highest]}`;
  };
}

/** A file can be whole and wrong: it must say what it said in training. */
export async function checkExamples(
  { examples }: ModelCard,
  predict: (row: number[]) => Promise<string>,
): Promise<void> {
  for (const { row, label } of examples)
    if ((await predict(row)) !== label)
      throw new Error('It contradicts its own card');
}
