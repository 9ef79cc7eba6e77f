import { Piscina } from 'piscina';
import { inspectUpload, type Upload } from './inspect-upload.ts';
import { createSandbox } from './sandbox.ts';

const MAX_PIXELS = 50_000_000;

/** A way to look at an upload, and how it ends. */
export type BenchContender = AsyncDisposable & {
  inspect: (upload: Upload) => Promise<unknown>;
};

/** The ways that are measured, by the names that they are started with. */
export const contenders: Record<string, () => BenchContender> = {
  sandbox: () => ({
    inspect: createSandbox({ maxPixels: MAX_PIXELS }),
    [Symbol.asyncDispose]: async () => {},
  }),
  piscina: createPiscina,
  sharp: () => ({
    inspect: (upload) => inspectUpload(upload, MAX_PIXELS),
    [Symbol.asyncDispose]: async () => {},
  }),
};

function createPiscina(): BenchContender {
  const piscina = new Piscina({
    filename: new URL('bench-thread.ts', import.meta.url).href,
    maxThreads: 2,
  });
  return {
    inspect: (upload) => piscina.run(upload),
    [Symbol.asyncDispose]: () => piscina.destroy(),
  };
}
