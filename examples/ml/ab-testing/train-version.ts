import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { trainIrisModel } from '@touchstone/kit/models/iris-model';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import {
  type ModelCard,
  modelCard,
} from '../model-serving/model-card.ts';

type Training = Parameters<typeof trainIrisModel>[0];

/** A trained version of the model of irises; `change` makes another file of it. */
export async function trainVersion(
  version: string,
  training: Training = {},
  change = (onnx: Uint8Array) => onnx,
): Promise<{ card: ModelCard; onnx: Uint8Array }> {
  const { features, labels, testSet, ...model } =
    trainIrisModel(training);
  const onnx = change(model.onnx);
  const rows = testSet.slice(0, 9).map((flower) => flower.features);
  const probabilities = await predict(onnx, rows);
  const card = modelCard.parse({
    name: 'irises',
    version,
    sha256: createHash('sha256').update(onnx).digest('hex'),
    features: features.map(({ name, min, max }) => {
      const margin = (max - min) / 2;
      return {
        name,
        min: Math.max(0, min - margin),
        max: max + margin,
      };
    }),
    labels,
    examples: rows.map((row, index) => ({
      row,
      probabilities: [...probabilities.slice(3 * index, 3 * index + 3)],
    })),
  });
  return { card, onnx };
}

/** Writes a version as a training run would, into a folder of its own. */
export async function writeVersion(
  folder: URL,
  { card, onnx }: Awaited<ReturnType<typeof trainVersion>>,
): Promise<void> {
  const own = new URL(`${card.version}/`, folder);
  await mkdir(own, { recursive: true });
  await writeFile(new URL('model.onnx', own), onnx);
  await writeFile(new URL('card.json', own), JSON.stringify(card));
}

async function predict(onnx: Uint8Array, rows: number[][]) {
  const session = await InferenceSession.create(onnx);
  const data = Float32Array.from(rows.flat());
  const features = new Tensor('float32', data, [rows.length, 4]);
  const { probabilities } = await session.run({ features });
  await session.release();
  return probabilities?.data as Float32Array;
}
