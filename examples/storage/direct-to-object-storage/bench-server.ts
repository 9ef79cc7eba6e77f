import type { S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { listen } from '@touchstone/kit/app/http';
import { runMain } from '@touchstone/kit/app/main';
import { startObjectStore } from '@touchstone/kit/object-storage/object-store';
import { openDatabase } from '@touchstone/kit/postgres/database';
import { systemClock } from '@touchstone/kit/time/clock';
import express from 'express';
import { createApp } from './app.ts';
import { createDirectUploads } from './direct-uploads.ts';
import { createMultipartStore } from './multipart-store.ts';
import { createNaiveUploads } from './naive.ts';
import { createS3Client, ensureBucket } from './s3-client.ts';
import { createSessions } from './sessions.ts';

const quietLog = { info: () => {}, error: console.error };

// Three ways to the store, in a process of its own that tells what it
// costs it; bench.ts starts one for each way.
await runMain(async (stopped) => {
  await using objectStore = await startObjectStore();
  await using database = await openDatabase({
    url: process.env.DATABASE_URL,
    schema: new URL('schema.sql', import.meta.url),
    dataFolder: new URL('.data/postgres', import.meta.url),
  });
  const { pool } = database;
  const client = createS3Client(objectStore);
  const bucket = `${process.env.S3_BUCKET}`;
  await ensureBucket(client, bucket);
  const services = { pool, clock: systemClock, log: quietLog };
  const store = createMultipartStore({ client, bucket, ...services });

  const app = express();
  app.use(createUsage());
  app.use('/naive', createNaive({ client, bucket, pool }));
  app.use('/through', createThrough(client, bucket));
  app.use(
    createApp({
      uploads: createDirectUploads({ ...services, store }),
      sessions: createSessions(services),
      storeOrigin: new URL(objectStore.endpoint).origin,
      log: quietLog,
    }),
  );
  await using server = await listen(app);
  console.log(`listening on ${server.url}`);
  await stopped;
});

/** Processor time since the last reset, and the most memory at once. */
function createUsage() {
  let before = process.cpuUsage();
  let peak = 0;
  setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 5).unref();
  const router = express.Router();
  router.post('/usage', (_request, response) => {
    before = process.cpuUsage();
    peak = process.memoryUsage.rss();
    response.status(204).end();
  });
  router.get('/usage', (_request, response) => {
    const { user, system } = process.cpuUsage(before);
    response.json({ cpuMilliseconds: (user + system) / 1000, peak });
  });
  return router;
}

/** The naive way: one URL for all of the file. */
function createNaive(
  options: Parameters<typeof createNaiveUploads>[0],
) {
  const naive = createNaiveUploads(options);
  const router = express.Router();
  router.post('/:name', async (request, response) => {
    response.json({ url: await naive.sign(request.params.name) });
  });
  router.post('/:name/confirmation', async (request, response) => {
    const size = Number(request.query.size);
    await naive.confirm('ada', request.params.name, size);
    response.status(204).end();
  });
  return router;
}

/** The library: the file streams through the API, which sends parts of it on. */
function createThrough(client: S3Client, Bucket: string) {
  const router = express.Router();
  router.put('/:name', async (request, response) => {
    const Key = `uploads/${request.params.name}`;
    const params = { Bucket, Key, Body: request };
    const partSize = 8 * 2 ** 20;
    await new Upload({ client, params, partSize }).done();
    response.status(204).end();
  });
  return router;
}
