import {
  describeIrisModel,
  writeModelFiles,
} from '@touchstone/kit/models/iris-files';
import {
  type IrisModel,
  trainIrisModel,
} from '@touchstone/kit/models/iris-model';
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
export function writeModel(
  folder: URL,
  card: ModelCard,
  bytes: Uint8Array,
): Promise<void> {
  const files = { 'model.onnx': bytes, 'card.json': card };
  return writeModelFiles(folder, files);
}

/** The card of a model of irises. */
export async function describeModel(
  model: IrisModel,
  version: string,
): Promise<ModelCard> {
  return modelCard.parse(await describeIrisModel(model, { version }));
}
