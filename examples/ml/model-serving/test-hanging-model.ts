import { addHang } from '@touchstone/kit/models/add-hang';
import { trainIrisModel } from '@touchstone/kit/models/iris-model';
import { describeModel, writeModel } from './train-model.ts';

/** A flower for which the model below never answers. */
export const HANGING = { sepalLength: 7.5 };

/** Writes the model of irises, which takes years once a length is above 7 cm. */
export async function writeHangingModel(folder: URL, version: string) {
  const iris = trainIrisModel();
  const bytes = addHang(iris.onnx);
  const card = await describeModel({ ...iris, onnx: bytes }, version);
  await writeModel(folder, card, bytes);
}
