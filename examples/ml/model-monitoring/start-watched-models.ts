import { readModel } from '../model-serving/model-file.ts';
import {
  type ModelPoolOptions,
  startModelPool,
} from '../model-serving/model-pool.ts';
import { createModelServer } from '../model-serving/model-server.ts';
import { type createModelMonitor, watchPool } from './model-monitor.ts';
import { readReference } from './model-reference.ts';

type StartOptions = Omit<ModelPoolOptions, 'model' | 'log'> & {
  folder: URL;
  monitor: ReturnType<typeof createModelMonitor>;
  log: Parameters<typeof createModelServer>[0]['log'] &
    ModelPoolOptions['log'];
};

// #region start
/** Serves and watches a model; `reload` reads its files again. */
export function startWatchedModels(options: StartOptions) {
  const { folder, monitor, ...rest } = options;
  return createModelServer({
    async load() {
      const model = await readModel(folder);
      const reference = await readReference(folder, model.card);
      const pool = await startModelPool({ model, ...rest });
      try {
        // After the threads: what they refuse must not be watched.
        return watchPool(pool, monitor.add(model.card, reference));
      } catch (error) {
        void pool.stop();
        throw error;
      }
    },
    log: rest.log,
  });
}
// #endregion start
