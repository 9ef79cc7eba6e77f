import { createHash } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import {
  type IrisModel,
  trainIrisModel,
} from '@touchstone/kit/models/iris-model';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { type ModelCard, modelCard } from './model-card.ts';

/** Trains a model of irises and writes it next to its card, as a training run would. */
export async function trainInto(
  folder: URL,
  version: string,
  options: Parameters<typeof trainIrisModel>[0] = {},
): Promise<ModelCard> {
  const model = trainIrisModel(options);
  const card = await describeModel(model, version);
  await writeModel(folder, card, model.onnx);
  return card;
}

/** Writes both files; between the two, the checksum is wrong and no server loads them. */
export async function writeModel(
  folder: URL,
  card: ModelCard,
  bytes: Uint8Array,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await replaceFile(new URL('model.onnx', folder), bytes);
  await replaceFile(
    new URL('card.json', folder),
    JSON.stringify(card, null, 2),
  );
}

/** The card of a model: its range is that of the training set, and half of it more on either side. */
export async function describeModel(
  { onnx, features, labels, testSet }: IrisModel,
  version: string,
): Promise<ModelCard> {
  const rows = testSet.slice(0, 9).map((flower) => flower.features);
  const probabilities = await predict(onnx, rows);
  return modelCard.parse({
    name: 'irises',
    version,
    sha256: createHash('sha256').update(onnx).digest('hex'),
    features: features.map(({ name, min, max }) => {
      const margin = (max - min) / 2;
      return {
        name,
        min: Math.max(0, toTenths(min - margin)),
        max: toTenths(max + margin),
      };
    }),
    labels,
    examples: rows.map((row, index) => ({
      row,
      probabilities: Array.from(
        probabilities.slice(
          index * labels.length,
          (index + 1) * labels.length,
        ),
      ),
    })),
  });
}

async function predict(onnx: Uint8Array, rows: number[][]) {
  const session = await InferenceSession.create(onnx);
  const data = Float32Array.from(rows.flat());
  const features = new Tensor('float32', data, [rows.length, 4]);
  const { probabilities } = await session.run({ features });
  await session.release();
  return probabilities?.data as Float32Array;
}

async function replaceFile(file: URL, content: Uint8Array | string) {
  const draft = new URL(`${file.href}.draft`);
  await writeFile(draft, content);
  await rename(draft, file);
}

const toTenths = (value: number) => Math.round(value * 10) / 10;
