import {
  describeIrisModel,
  writeModelFiles,
} from '@touchstone/kit/models/iris-files';
import { trainIrisModel } from '@touchstone/kit/models/iris-model';
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
  const model = trainIrisModel(training);
  const onnx = change(model.onnx);
  const card = await describeIrisModel({ ...model, onnx }, { version });
  return { card: modelCard.parse(card), onnx };
}

/** Writes a version as a training run would, into a folder of its own. */
export function writeVersion(
  folder: URL,
  { card, onnx }: Awaited<ReturnType<typeof trainVersion>>,
): Promise<void> {
  const own = new URL(`${card.version}/`, folder);
  return writeModelFiles(own, {
    'model.onnx': onnx,
    'card.json': card,
  });
}
