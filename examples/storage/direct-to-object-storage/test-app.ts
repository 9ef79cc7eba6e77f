import { randomBytes } from 'node:crypto';
import { listen } from '@touchstone/kit/app/http';
import type { ObjectStore } from '@touchstone/kit/object-storage/object-store';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { testClock } from '@touchstone/kit/time/clock';
import { createApp } from './app.ts';
import {
  createDirectUploads,
  type DirectUploadOptions,
} from './direct-uploads.ts';
import { createMultipartStore } from './multipart-store.ts';
import { createS3Client, ensureBucket } from './s3-client.ts';
import { createSessions } from './sessions.ts';
import { createUploadSweep } from './sweep-uploads.ts';
import { createGuest } from './test-client.ts';

/** The least that S3 takes as a part. */
export const PART_BYTES = 5 * 2 ** 20;

/** Two parts and a bit of a third, none like another. */
export const FILE = new Blob([
  Buffer.alloc(2 * PART_BYTES + 1000, randomBytes(997)),
]);

/** The app on a socket, a database and a bucket of its own, with Ada and a clock that stands still. */
export async function startTestApp(
  objectStore: ObjectStore,
  options: Partial<DirectUploadOptions> = {},
) {
  const database = await freshDatabase({
    schema: new URL('schema.sql', import.meta.url),
  });
  const { pool } = database;
  // The store has a clock too, which no test moves.
  const clock = testClock(new Date().toISOString());
  const client = createS3Client(objectStore);
  const bucket = new URL(database.url).pathname.slice(1);
  const bucketName = bucket.replaceAll('_', '-');
  await ensureBucket(client, bucketName);
  const store = createMultipartStore({
    client,
    bucket: bucketName,
    clock,
  });
  const log = createTestLog();
  const services = { pool, clock, log, store };
  const uploads = createDirectUploads({
    ...services,
    partBytes: PART_BYTES,
    ...options,
  });
  const { sweep } = createUploadSweep(services);
  const server = await listen(
    createApp({
      uploads,
      sessions: createSessions(services),
      storeOrigin: new URL(objectStore.endpoint).origin,
      log,
    }),
  );
  const ada = await createGuest(server.url, 'ada');

  async function dispose() {
    await server[Symbol.asyncDispose]();
    client.destroy();
    await database[Symbol.asyncDispose]();
  }

  return {
    url: server.url,
    database,
    pool,
    clock,
    client,
    bucket: bucketName,
    store,
    sweep,
    ada,
    login: (name: string) => createGuest(server.url, name),
    logged: log.logged,
    [Symbol.asyncDispose]: dispose,
  };
}

function createTestLog() {
  const logged: { message: string; details: object }[] = [];
  return {
    logged,
    info: (message: string, details: object) =>
      void logged.push({ message, details }),
    error: console.error,
  };
}
