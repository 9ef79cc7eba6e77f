import { readModel } from './model-file.ts';
import { type ModelPoolOptions, startModelPool } from './model-pool.ts';
import { createModelServer } from './model-server.ts';

type StartOptions = Omit<Partial<ModelPoolOptions>, 'log'> & {
  folder: URL;
  deadlineMs: number;
  log: Parameters<typeof createModelServer>[0]['log'] &
    ModelPoolOptions['log'];
};

// #region start-models
/** Serves the model of a folder; `reload` reads its files again. */
export function startModels({
  folder,
  deadlineMs,
  ...rest
}: StartOptions) {
  return createModelServer({
    load: async () =>
      startModelPool({
        model: await readModel(folder),
        // After a build: the name that your build gives it.
        workerFile: new URL('model-worker.ts', import.meta.url),
        stuckMs: 2 * deadlineMs, // its clients have gone by then
        ...rest,
      }),
    log: rest.log,
  });
}
// #endregion start-models
