import { startObjectStore } from '@touchstone/kit/object-storage/object-store';
import { afterAll, expect, it, vi } from 'vitest';
import { FILE, PART_BYTES, startTestApp } from './test-app.ts';

const objectStore = await startObjectStore();
afterAll(() => objectStore[Symbol.asyncDispose]());

it('tells how much has come, from the first byte of this time to the last', async () => {
  await using app = await startTestApp(objectStore, { urlsAtOnce: 1 });
  const id = await app.ada.begin(FILE.size);
  const onProgress = vi.fn();

  await app.ada.goOn(id, FILE, { onProgress });

  const sent = onProgress.mock.calls.map(([bytes]) => bytes);
  const steps = [0, PART_BYTES, 2 * PART_BYTES, FILE.size];
  expect([...new Set(sent)]).toEqual(steps);
});

it('goes on when the server was away for a while', async () => {
  await using app = await startTestApp(objectStore);
  const id = await app.ada.begin(5);
  const describe = vi.fn(() => app.ada.describe(id));
  const away = async () => undefined;
  const pause = vi.fn(async () => {});

  await app.ada.goOn(id, new Blob(['hello']), {
    describe: describe.mockImplementationOnce(away as never),
    pause,
  });

  expect(pause.mock.calls).toEqual([[1]]);
  expect(await app.ada.describe(id)).toMatchObject({ received: true });
});

it('gives up after eight rounds in which nothing arrived', async () => {
  await using app = await startTestApp(objectStore);
  const id = await app.ada.begin(5);
  const begun = { size: 5, sent: 0, received: false };
  const url = 'http://127.0.0.1:9/';
  const nowhere = { number: 1, start: 0, size: 5, url };
  const pause = vi.fn(async () => {});

  const upload = app.ada.goOn(id, new Blob(['hello']), {
    describe: async () => ({ ...begun, missing: [nowhere] }),
    pause,
  });

  await expect(upload).rejects.toThrow('Nothing arrives any more');
  expect(pause.mock.calls).toEqual(
    Array.from({ length: 8 }, (_, round) => [round + 1]),
  );
});
