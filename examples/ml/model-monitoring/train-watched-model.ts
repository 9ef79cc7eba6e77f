import {
  describeIrisModel,
  nameFlower,
  writeModelFiles,
} from '@touchstone/kit/models/iris-files';
import { trainIrisModel } from '@touchstone/kit/models/iris-model';
import { loadModel } from '../model-serving/load-model.ts';
import {
  describeAnswer,
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
  const options = { version, meanWhenMissing: true };
  const card = modelCard.parse(await describeIrisModel(iris, options));
  const model = { card, bytes: shareBytes(iris.onnx) };
  const predict = await loadModel(model);
  // Of its own training rows, a model is surer than of any others.
  const answers = await Promise.all(
    iris.testSet.map(async ({ features, label }) => {
      const named = nameFlower(iris, features);
      const answer = await predict(toRow(card, named));
      const prediction = describeAnswer(card, named, answer);
      return { prediction, truth: `${card.labels[label]}` };
    }),
  );
  const rows = [...iris.trainingSet, ...iris.testSet].map((flower) =>
    nameFlower(iris, flower.features),
  );
  const reference = createReference(card, { rows, answers });
  return { model, reference };
}

/** Writes the three files; a server that reads in between refuses them. */
export function writeWatchedModel(
  folder: URL,
  { model, reference }: WatchedModel,
): Promise<void> {
  return writeModelFiles(folder, {
    'reference.json': reference,
    'model.onnx': model.bytes,
    'card.json': model.card,
  });
}
