import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { trainIrisModel } from '@touchstone/kit/models/iris-model';
import { loadModel } from './load-model.ts';

type Training = Parameters<typeof trainIrisModel>[0];

/** Trains a model, and writes the body that registers it. */
export async function trainVersion(
  version: string,
  training: Training = {},
) {
  const model = trainIrisModel(training);
  const { onnx, accuracy, labels, testSet } = model;
  const predict = await loadModel(labels, onnx);
  // The set is in the order of species: some of each.
  const some = testSet.filter((_, index) => index % 5 === 0);
  const examples = await Promise.all(
    some.map(async ({ features: row }) => ({
      row,
      label: await predict(row),
    })),
  );
  const width = model.features.length;
  return {
    version,
    card: { labels, width, accuracy, examples },
    sha256: createHash('sha256').update(onnx).digest('hex'),
    onnx: Buffer.from(onnx).toString('base64'),
  };
}

// npx tsx train-version.ts 3 0.6 > version-3.json: 60 % wrong labels.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , version = '1', mislabelled = '0'] = process.argv;
  const training = { mislabelled: Number(mislabelled) };
  console.log(JSON.stringify(await trainVersion(version, training)));
}
