import { trainIrisModel } from '@touchstone/kit/models/iris-model';
import { toOnnx } from '@touchstone/kit/models/onnx';
import { seededRandom } from '@touchstone/kit/testing/random';
import { type Model, shareBytes } from './model-file.ts';
import { describeModel } from './train-model.ts';

/** A network with two hidden layers of random weights: how long it computes does not depend on what it learnt. */
export async function createLargeModel(width: number): Promise<Model> {
  const random = seededRandom(1);
  const layer = (inputs: number, outputs: number) => ({
    weights: Array.from({ length: inputs }, () =>
      Array.from({ length: outputs }, () => (random() - 0.5) / width),
    ),
    bias: Array<number>(outputs).fill(0.1),
  });
  const iris = trainIrisModel();
  const bytes = toOnnx({
    mean: iris.features.map(({ mean }) => mean),
    deviation: iris.features.map(({ deviation }) => deviation),
    layers: [layer(4, width), layer(width, width), layer(width, 3)],
  });
  const card = await describeModel({ ...iris, onnx: bytes }, '1');
  return { bytes: shareBytes(bytes), card };
}
