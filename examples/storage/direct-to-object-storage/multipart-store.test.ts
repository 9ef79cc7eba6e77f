import { startSwift } from '@touchstone/kit/object-storage/swift';
import { afterAll, expect, it } from 'vitest';
import { createMultipartStore } from './multipart-store.ts';
import { createS3Client, ensureBucket } from './s3-client.ts';
import { putPart } from './test-client.ts';

const swift = await startSwift();
const client = createS3Client(swift);
const bucket = 'paged';
await ensureBucket(client, bucket);
await ensureBucket(client, bucket);
const clock = () => new Date();
const store = createMultipartStore({
  client,
  bucket,
  clock,
  pageSize: 2,
});
afterAll(async () => {
  client.destroy();
  await swift[Symbol.asyncDispose]();
});

it('lists parts and uploads page by page, and comes to an end', async () => {
  const keys = ['a', 'b', 'c'];
  const uploads = await Promise.all(keys.map(store.begin));
  const [upload] = uploads;
  if (!upload) throw new Error('nothing begun');
  expect(await store.listParts(upload)).toEqual([]);
  for (const number of [1, 2, 3]) {
    const part = { number, size: 2 };
    await putPart(await store.signPart(upload, part, 60), 'hi');
  }

  const parts = await store.listParts(upload);
  const pages = await Array.fromAsync(
    store.listBegunBefore(new Date(Date.now() + 60_000)),
  );

  expect(parts?.map(({ number, size }) => [number, size])).toEqual([
    [1, 2],
    [2, 2],
    [3, 2],
  ]);
  expect(pages.map((page) => page.length)).toEqual([2, 1]);
  expect(pages.flat()).toEqual(uploads);
});

it('signs URLs that work for a body it has not seen', async () => {
  const upload = await store.begin('d');

  const url = await store.signPart(upload, { number: 1, size: 2 }, 60);

  const { searchParams } = new URL(url);
  expect(searchParams.get('X-Amz-SignedHeaders')).toBe(
    'content-length;host',
  );
  expect([...searchParams.keys()].join()).not.toContain('checksum');
});

it('does not take a store that cannot be reached for one that has nothing', async () => {
  const away = createS3Client({
    ...swift,
    endpoint: 'http://127.0.0.1:9',
  });
  const lost = createMultipartStore({ client: away, bucket, clock });

  await expect(lost.sizeOf('a')).rejects.toThrow('ECONNREFUSED');
  await expect(ensureBucket(away, bucket)).rejects.toThrow(
    'ECONNREFUSED',
  );
});
