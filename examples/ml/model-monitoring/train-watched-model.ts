import { mkdir, writeFile } from 'node:fs/promises';
import { trainIrisModel } from '@touchstone/kit/models/iris-model';
import type { ModelCard } from '../model-serving/model-card.ts';
import { type Model, shareBytes } from '../model-serving/model-file.ts';
import { startModelPool } from '../model-serving/model-pool.ts';
import {
  describeModel,
  writeModel,
} from '../model-serving/train-model.ts';
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
  const card = await describeModel(iris, version);
  for (const [index, feature] of card.features.entries())
    feature.whenMissing = Number(iris.features[index]?.mean);
  const model = { card, bytes: shareBytes(iris.onnx) };
  const pool = await startModelPool({
    model,
    workerFile: WORKER,
    stuckMs: 60_000,
    log: console,
  });
  // Of its own training rows, a model is surer than of any others.
  const answers = await Promise.all(
    iris.testSet.map(async ({ features, label }) => ({
      prediction: await pool.predict(
        nameFeatures(card, features),
        AbortSignal.timeout(60_000),
      ),
      truth: `${card.labels[label]}`,
    })),
  );
  await pool.stop();
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
  const text = JSON.stringify(reference, null, 2);
  await writeFile(new URL('reference.json', folder), text);
  await writeModel(folder, model.card, model.bytes);
}

function nameFeatures({ features }: ModelCard, row: number[]) {
  return Object.fromEntries(
    features.map(({ name }, index) => [name, Number(row[index])]),
  );
}
