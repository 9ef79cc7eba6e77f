import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readModel } from './model-file.ts';
import { startModelPool } from './model-pool.ts';
import { createModelServer } from './model-server.ts';
import { createTestLog, never, toRow } from './test-pool.ts';
import { trainInto } from './train-model.ts';

/** A folder with a trained model of version 1; gone afterwards. */
export async function createTestFolder() {
  const path = await mkdtemp(join(tmpdir(), 'touchstone-model-'));
  const folder = pathToFileURL(`${path}/`);
  const card = await trainInto(folder, '1');
  const write = (name: string, content: string | Uint8Array) =>
    writeFile(new URL(name, folder), content);
  const dispose = () => rm(path, { recursive: true });
  return { folder, card, write, [Symbol.asyncDispose]: dispose };
}

/** Serves what is in a folder of its own, as main.ts does. */
export async function startTestServer() {
  const files = await createTestFolder();
  const log = createTestLog();
  const models = await createModelServer({
    read: () => readModel(files.folder),
    start: (model) => startModelPool({ model, log }),
    log,
  });

  /** What a flower gets, and from which version. */
  async function ask() {
    const { card, predict } = models.current();
    const answer = await predict(toRow(5), never());
    return { version: card.version, answer: Array.from(answer) };
  }

  async function dispose() {
    await models.stop();
    await files[Symbol.asyncDispose]();
  }
  return {
    ...models,
    ...files,
    log,
    ask,
    [Symbol.asyncDispose]: dispose,
  };
}
