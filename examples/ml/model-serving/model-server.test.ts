import { expect, it } from 'vitest';
import { readModel } from './model-file.ts';
import { startModelPool } from './model-pool.ts';
import { createModelServer } from './model-server.ts';
import { createTestFolder, startTestServer } from './test-folder.ts';
import { createTestLog } from './test-pool.ts';
import { trainInto } from './train-model.ts';

it('changes the model under load: every request is answered, by one version or the other', async () => {
  await using models = await startTestServer();
  await trainInto(models.folder, '2', { seed: 2 });
  const versions: string[] = [];
  let changed = false;
  async function askUntilChanged() {
    do {
      versions.push((await models.ask()).version);
    } while (!changed);
  }
  const load = Array.from({ length: 8 }, askUntilChanged);

  await models.reload();
  changed = true;
  await Promise.all(load);
  versions.push((await models.ask()).version);

  expect(versions).toEqual(versions.toSorted());
  expect(new Set(versions)).toEqual(new Set(['1', '2']));
});

it('loads twice when it is told twice, one after the other', async () => {
  await using models = await startTestServer();
  await trainInto(models.folder, '2');

  await Promise.all([models.reload(), models.reload()]);

  expect(models.log.messages).toEqual(['model loaded', 'model loaded']);
  expect((await models.ask()).version).toBe('2');
});

it('does not start with a model that it must not serve', async () => {
  await using files = await createTestFolder();
  await files.write('model.onnx', 'no model');
  const log = createTestLog();

  const models = createModelServer({
    read: () => readModel(files.folder),
    start: (model) => startModelPool({ model, log }),
    log,
  });

  await expect(models).rejects.toThrow('not the file of its card');
});
