import type { Model } from './model-file.ts';
import type { ModelPool } from './model-pool.ts';

type ModelServerOptions = {
  read: () => Promise<Model>;
  start: (model: Model) => Promise<ModelPool>;
  log: {
    info: (message: string, details: object) => void;
    error: (message: string, details: object) => void;
  };
};

/** Serves one model, and changes to the next without a gap; rejects when the first cannot be loaded. */
export async function createModelServer(options: ModelServerOptions) {
  const { read, start, log } = options;
  let pool = await start(await read());
  let reloaded = Promise.resolve();

  /** One change at a time; whatever fails, the old model serves on. */
  function reload(): Promise<void> {
    reloaded = reloaded.then(async () => {
      try {
        const next = await start(await read());
        const old = pool;
        pool = next; // from here on, requests see the new model
        log.info('model loaded', { version: next.card.version });
        await old.stop(); // it answers what it has accepted
      } catch (error) {
        log.error('model refused', { error });
      }
    });
    return reloaded;
  }

  async function stop() {
    await reloaded;
    await pool.stop();
  }

  return { current: () => pool, reload, stop };
}
