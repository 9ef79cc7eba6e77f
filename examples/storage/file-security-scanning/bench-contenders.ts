import { Piscina } from 'piscina';
import inspectHere from './bench-thread.ts';
import { createInspector } from './create-inspector.ts';
import type { Upload } from './inspect-upload.ts';

/** A way to inspect an upload, and how it ends. */
export type BenchContender = AsyncDisposable & {
  inspect: (upload: Upload) => Promise<unknown>;
};

/** The ways that are measured, all with the settings that sharp has by itself, by the names that they are started with. */
export const contenders: Record<string, () => BenchContender> = {
  child: createChildren,
  piscina: createPiscina,
  sharp: () => ({
    inspect: inspectHere,
    [Symbol.asyncDispose]: async () => {},
  }),
};

function createChildren(): BenchContender {
  const inspect = createInspector();
  const { signal } = new AbortController();
  return {
    inspect: (upload) => inspect(upload, signal),
    [Symbol.asyncDispose]: async () => {},
  };
}

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
