import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import {
  type IrisModel,
  trainIrisModel,
} from '@touchstone/kit/models/iris-model';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { loadModel } from '../model-serving/load-model.ts';
import {
  describeAnswer,
  type ModelCard,
  modelCard,
  toRow,
} from '../model-serving/model-card.ts';
import { type Model, shareBytes } from '../model-serving/model-file.ts';
import {
  createReference,
  type ModelReference,
} from './model-reference.ts';

/** The worker of model-serving, as these programs run it. */
export const WORKER = new URL(
  '../model-serving/model-worker.ts',
  import.meta.url,
);

/** A model with what it met and answered when it was made. */
export type WatchedModel = { model: Model; reference: ModelReference };

/** Trains the model of irises; where a value is missing, it gets the mean. */
export async function trainWatchedModel(
  version: string,
): Promise<WatchedModel> {
  const iris = trainIrisModel();
  const card = await createCard(iris, version);
  const model = { card, bytes: shareBytes(iris.onnx) };
  const predict = await loadModel(model);
  // Of its own training rows, a model is surer than of any others.
  const answers = await Promise.all(
    iris.testSet.map(async ({ features, label }) => {
      const named = nameFeatures(card, features);
      const answer = await predict(toRow(card, named));
      const prediction = describeAnswer(card, named, answer);
      return { prediction, truth: `${card.labels[label]}` };
    }),
  );
  const rows = [...iris.trainingSet, ...iris.testSet].map((flower) =>
    nameFeatures(card, flower.features),
  );
  const reference = createReference(card, { rows, answers });
  return { model, reference };
}

/** Writes the three files; a server that reads in between refuses them. */
export async function writeWatchedModel(
  folder: URL,
  { model, reference }: WatchedModel,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const write = (name: string, content: string | Uint8Array) =>
    writeFile(new URL(name, folder), content);
  await write('reference.json', JSON.stringify(reference, null, 2));
  await write('model.onnx', model.bytes);
  await write('card.json', JSON.stringify(model.card, null, 2));
}

/** Twice as wide as what the model has seen; the mean where a value is missing. */
async function createCard(iris: IrisModel, version: string) {
  const { onnx, features, labels, testSet } = iris;
  const row = testSet[0]?.features ?? [];
  return modelCard.parse({
    name: 'irises',
    version,
    sha256: createHash('sha256').update(onnx).digest('hex'),
    features: features.map(({ name, min, max, mean }) => ({
      name,
      min: Math.max(0, min - (max - min) / 2),
      max: max + (max - min) / 2,
      whenMissing: mean,
    })),
    labels,
    examples: [{ row, probabilities: await ask(onnx, row) }],
  });
}

async function ask(onnx: Uint8Array, row: number[]) {
  const session = await InferenceSession.create(onnx);
  const data = Float32Array.from(row);
  const features = new Tensor('float32', data, [1, row.length]);
  const { probabilities } = await session.run({ features });
  await session.release();
  return Array.from(probabilities?.data as Float32Array);
}

function nameFeatures({ features }: ModelCard, row: number[]) {
  return Object.fromEntries(
    features.map(({ name }, index) => [name, Number(row[index])]),
  );
}
