import {
  GetObjectCommand,
  HeadObjectCommand,
} from '@aws-sdk/client-s3';
import { startObjectStore } from '@touchstone/kit/object-storage/object-store';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { createNaiveUploads } from './naive.ts';
import { createS3Client, ensureBucket } from './s3-client.ts';

/** The naive way on a store and a database, and a look at what it left there. */
export async function startNaive() {
  const objectStore = await startObjectStore({});
  const database = await freshDatabase({
    schema: new URL('naive.sql', import.meta.url),
  });
  const { pool } = database;
  const client = createS3Client(objectStore);
  const bucket = 'naive';
  await ensureBucket(client, bucket);
  const naive = createNaiveUploads({ client, bucket, pool });
  const locate = (name: string) => ({
    Bucket: bucket,
    Key: `uploads/${name}`,
  });

  async function upload(name: string, body: string) {
    const url = await naive.sign(name);
    await fetch(url, { method: 'PUT', body });
  }

  async function read(name: string) {
    const command = new GetObjectCommand(locate(name));
    const { Body } = await client.send(command);
    return await Body?.transformToString();
  }

  async function isStored(name: string): Promise<boolean> {
    const head = client.send(new HeadObjectCommand(locate(name)));
    return await head.then(
      () => true,
      () => false,
    );
  }

  /** What the table says of it. */
  async function find(name: string) {
    const { rows } = await pool.query<{ owner: string; size: number }>(
      `select owner, size::float8 as size from files where key = $1`,
      [`uploads/${name}`],
    );
    return rows[0];
  }

  async function dispose() {
    client.destroy();
    await database[Symbol.asyncDispose]();
    await objectStore[Symbol.asyncDispose]();
  }

  return {
    ...naive,
    upload,
    read,
    isStored,
    find,
    [Symbol.asyncDispose]: dispose,
  };
}
