import { createModelFolder } from '@touchstone/kit/models/iris-files';
import { createTestLog } from '@touchstone/kit/testing/log';
import type { ModelPoolOptions } from './model-pool.ts';
import { startModels } from './start-models.ts';
import { FLOWER, never } from './test-pool.ts';
import { trainInto } from './train-model.ts';

/** A folder with a trained model of version 1; gone afterwards. */
export async function createTestFolder() {
  const files = await createModelFolder();
  const card = await trainInto(files.folder, '1');
  return { ...files, card };
}

/** Serves what is in a folder of its own, as main.ts does. */
export async function startTestServer(
  options: Omit<Partial<ModelPoolOptions>, 'log'> = {},
) {
  await using stack = new AsyncDisposableStack();
  const files = stack.use(await createTestFolder());
  const log = createTestLog();
  const models = await startModels({
    folder: files.folder,
    deadlineMs: 60_000,
    log,
    ...options,
  });
  stack.defer(models.stop);

  /** What a flower gets, and from which version. */
  async function ask(sepalLength = 5, signal = never()) {
    const flower = { ...FLOWER, sepalLength };
    return models.current().predict(flower, signal);
  }

  const all = stack.move();
  return {
    ...models,
    folder: files.folder,
    card: files.card,
    write: files.write,
    log,
    ask,
    messages: () => log.entries.map(({ message }) => message),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
