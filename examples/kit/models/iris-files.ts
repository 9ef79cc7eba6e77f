import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
// From the examples that use it: in the kit's package.json it would bring 288 MB to every example.
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { IrisModel } from './iris-model.ts';

type CardOptions = { version: string; meanWhenMissing?: boolean };

/** The card of a model of irises: the ranges of its training set and half as much more on either side, and its answers to nine flowers. */
export async function describeIrisModel(
  { onnx, features, labels, testSet }: IrisModel,
  { version, meanWhenMissing = false }: CardOptions,
) {
  const rows = testSet.slice(0, 9).map((flower) => flower.features);
  const answers = await predict(onnx, rows);
  const width = labels.length;
  return {
    name: 'irises',
    version,
    sha256: createHash('sha256').update(onnx).digest('hex'),
    features: features.map(({ name, min, max, mean }) => {
      const margin = (max - min) / 2;
      return {
        name,
        min: Math.max(0, toTenths(min - margin)),
        max: toTenths(max + margin),
        ...(meanWhenMissing && { whenMissing: mean }),
      };
    }),
    labels,
    examples: rows.map((row, index) => ({
      row,
      probabilities: Array.from(answers.slice(index * width, (index + 1) * width)),
    })),
  };
}

/** Writes the files of a model as a training run would: between two of them, no server loads it. */
export async function writeModelFiles(
  folder: URL,
  files: Record<string, Uint8Array | object>,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    const draft = new URL(`${name}.draft`, folder);
    const isBytes = content instanceof Uint8Array;
    await writeFile(draft, isBytes ? content : JSON.stringify(content, null, 2));
    await rename(draft, new URL(name, folder));
  }
}

/** An empty folder for models; gone afterwards. */
export async function createModelFolder() {
  const path = await mkdtemp(join(tmpdir(), 'touchstone-models-'));
  const folder = pathToFileURL(`${path}/`);
  const write = (name: string, content: string | Uint8Array) =>
    writeFile(new URL(name, folder), content);
  const dispose = () => rm(path, { recursive: true });
  return { folder, path, write, [Symbol.asyncDispose]: dispose };
}

/** The measures of a flower by name, as a client sends them. */
export function nameFlower({ features }: Pick<IrisModel, 'features'>, row: number[]) {
  return Object.fromEntries(features.map(({ name }, index) => [name, Number(row[index])]));
}

async function predict(onnx: Uint8Array, rows: number[][]) {
  const session = await InferenceSession.create(onnx);
  const data = Float32Array.from(rows.flat());
  const features = new Tensor('float32', data, [rows.length, 4]);
  const { probabilities } = await session.run({ features });
  await session.release();
  return probabilities?.data as Float32Array;
}

const toTenths = (value: number) => Math.round(value * 10) / 10;
