import { startObjectStore } from '@touchstone/kit/object-storage/object-store';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { createMultipartStore } from './multipart-store.ts';
import { createNaiveUploads } from './naive.ts';
import { ensureBucket, toS3Config } from './object-storage.ts';
import { putPart } from './test-client.ts';

const Bucket = 'naive';

/** The naive way on a store and a database, and what it left there. */
export async function startNaive() {
  const stack = new AsyncDisposableStack();
  const objectStore = stack.use(await startObjectStore({}));
  const schema = new URL('schema.sql', import.meta.url);
  const { pool } = stack.use(await freshDatabase({ schema }));
  await pool.query(
    'create table files (owner text, key text, size bigint)',
  );
  const store = createMultipartStore(Bucket, toS3Config(objectStore));
  const { s3 } = store;
  stack.defer(() => s3.destroy());
  await ensureBucket(store, Bucket);
  const naive = createNaiveUploads({ s3, bucket: Bucket, pool });

  async function upload(name: string, body: string) {
    await putPart(await naive.sign(name), body);
  }

  async function read(name: string) {
    const Key = `uploads/${name}`;
    const { Body } = await s3.getObject({ Bucket, Key });
    return await Body?.transformToString();
  }

  async function isStored(name: string): Promise<boolean> {
    return (await store.sizeOf(`uploads/${name}`)) !== undefined;
  }

  /** What the table says of it. */
  async function find(name: string) {
    const { rows } = await pool.query<{ owner: string; size: number }>(
      `select owner, size::float8 from files where key = $1`,
      [`uploads/${name}`],
    );
    return rows[0];
  }

  return {
    ...naive,
    upload,
    read,
    isStored,
    find,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
