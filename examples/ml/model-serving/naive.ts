import { InferenceSession, Tensor } from 'onnxruntime-node';

/** The tempting way: the model in the process that answers. */
export async function createNaiveModel(bytes: Uint8Array) {
  const session = await InferenceSession.create(bytes);

  // #region naive-predict
  async function predict(flower: number[]) {
    const row = Float32Array.from(flower);
    const features = new Tensor('float32', row, [1, row.length]);
    const { probabilities } = await session.run({ features });
    return probabilities?.data as Float32Array;
  }
  // #endregion naive-predict

  return { predict };
}
