import type { ModelPool } from './model-pool.ts';

type ModelServerOptions = {
  /** Reads the files and starts their threads. */
  load: () => Promise<ModelPool>;
  log: Record<
    'info' | 'error',
    (message: string, details: object) => void
  >;
};

/** Serves one model, and changes to the next without a gap; rejects when the first cannot be loaded. */
export async function createModelServer(options: ModelServerOptions) {
  const { load, log } = options;
  let pool = await load();
  let changes = Promise.resolve();
  let stopping = false;

  // #region change-the-model
  /** One change at a time; if it fails, the old model serves on. */
  function reload(): Promise<void> {
    changes = changes.then(change).catch((error) => {
      log.error('model refused', { error });
    });
    return changes;
  }

  async function change() {
    if (stopping) return;
    const next = await load();
    if (stopping) return void next.stop();
    const old = pool;
    pool = next; // from here on, requests see the new model
    log.info('model loaded', { version: next.card.version });
    // Not awaited: one stuck thread must not hold up the next change.
    void old.stop();
  }

  /** Resolves when the last answer is given, in bounded time: a model that loads is not waited for. */
  async function stop() {
    stopping = true;
    await pool.stop();
  }
  // #endregion change-the-model

  return { current: () => pool, reload, stop };
}
