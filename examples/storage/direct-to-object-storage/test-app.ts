import { randomBytes } from 'node:crypto';
import { listen } from '@touchstone/kit/app/http';
import type { ObjectStore } from '@touchstone/kit/object-storage/object-store';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { createTestLog } from '@touchstone/kit/testing/log';
import type { DirectUploadOptions } from './direct-uploads.ts';
import { ensureBucket, toS3Config } from './object-storage.ts';
import { startUploads } from './start-uploads.ts';
import { createGuest } from './test-client.ts';

/** The least that S3 takes as a part. */
export const PART_BYTES = 5 * 2 ** 20;

/** Two parts and a bit of a third, none like another. */
export const FILE = new Blob([
  Buffer.alloc(2 * PART_BYTES + 1000, randomBytes(997)),
]);

/** The app on a socket, with a database and a bucket of its own, and Ada. */
export async function startTestApp(
  objectStore: ObjectStore,
  options: Partial<DirectUploadOptions> = {},
) {
  const stack = new AsyncDisposableStack();
  const schema = new URL('schema.sql', import.meta.url);
  const database = stack.use(await freshDatabase({ schema }));
  const { pool } = database;
  const bucket = new URL(database.url).pathname
    .slice(1)
    .replaceAll('_', '-');
  const log = createTestLog();
  const { app, stop, ...services } = startUploads({
    pool,
    bucket,
    s3: toS3Config(objectStore),
    log,
    options: { partBytes: PART_BYTES, ...options },
  });
  stack.defer(stop);
  await ensureBucket(services.store, bucket);
  const { url } = stack.use(await listen(app));

  /** Lets hours pass: all that the database has noted gets older. */
  async function pass(hours: number) {
    await pool.query(
      `update uploads set sweep_at = sweep_at - make_interval(secs => $1)`,
      [hours * 3600],
    );
  }

  async function count(table: 'uploads' | 'announcements') {
    return (await pool.query(`select from ${table}`)).rowCount;
  }

  /** An upload as the store knows it. */
  async function locate(id: string) {
    const { rows } = await pool.query<{ key: string; storeId: string }>(
      `select key, store_id as "storeId" from uploads where id = $1`,
      [id],
    );
    if (!rows[0]) throw new Error('there is no such upload');
    return rows[0];
  }

  return {
    ...services,
    url,
    database,
    pool,
    bucket,
    log,
    pass,
    count,
    locate,
    ada: await createGuest(url, 'ada'),
    login: (name: string) => createGuest(url, name),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
