import {
  type IrisModel,
  trainIrisModel,
} from '@touchstone/kit/models/iris-model';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import {
  createProfile,
  type Profile,
  type Value,
} from './reference-profile.ts';

/** An answer of the model, and how sure it is of it. */
export type Prediction = { label: string; confidence: number };

/** A model with the profile that was made of it. */
export type WatchedModel = {
  profile: Profile;
  predict: (inputs: Record<string, Value>) => Promise<Prediction>;
};

/** Trains the model for irises, the same in each process, and describes it. */
export async function loadWatchedModel(
  version: string,
): Promise<WatchedModel> {
  const model = trainIrisModel();
  const predict = await createPredictor(model);
  const { testSet, trainingSet, labels, accuracy } = model;
  const flowers = [...trainingSet, ...testSet];
  const inputs = Object.fromEntries(
    model.features.map(({ name }, index) => [
      name,
      flowers.map(({ features }) => features[index]),
    ]),
  );
  // Of its own training rows, a model is surer than of any others.
  const predictions = await Promise.all(
    testSet.map(({ features }) =>
      predict(nameFeatures(model, features)),
    ),
  );
  const profile = createProfile({
    version,
    accuracy,
    labels,
    inputs,
    predictions,
  });
  return { profile, predict };
}

/** The features of a flower by their names, as a client sends them. */
export function nameFeatures(
  { features }: Pick<IrisModel, 'features'>,
  values: number[],
): Record<string, number | undefined> {
  return Object.fromEntries(
    features.map(({ name }, index) => [name, values[index]]),
  );
}

async function createPredictor({ onnx, features, labels }: IrisModel) {
  const session = await InferenceSession.create(onnx, {
    intraOpNumThreads: 1,
  });

  return async function predict(
    inputs: Record<string, Value>,
  ): Promise<Prediction> {
    // A mean for a missing value: the model answers, and is a bit wrong.
    const row = Float32Array.from(features, ({ name, mean }) =>
      Number.isFinite(inputs[name]) ? Number(inputs[name]) : mean,
    );
    const tensor = new Tensor('float32', row, [1, row.length]);
    const { probabilities } = await session.run({ features: tensor });
    const shares = Array.from(probabilities?.data as Float32Array);
    const confidence = Math.max(...shares);
    const label = `${labels[shares.indexOf(confidence)]}`;
    return { label, confidence };
  };
}
