import type { S3 } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { listen } from '@touchstone/kit/app/http';
import { runMain } from '@touchstone/kit/app/main';
import { startObjectStore } from '@touchstone/kit/object-storage/object-store';
import express from 'express';
import { Pool } from 'pg';
import { createNaiveUploads } from './naive.ts';
import { ensureBucket, toS3Config } from './object-storage.ts';
import { startUploads } from './start-uploads.ts';

const log = { info() {}, warn: console.warn, error: console.error };

// Three ways to the store, in a process of its own that measures what
// they cost it; bench.ts starts one process for each way.
await runMain(async (stopped) => {
  const bucket = 'bench';
  const pool = new Pool({ connectionString: process.env.DATABASE_URL });
  await using objectStore = await startObjectStore();
  const s3 = toS3Config(objectStore);
  const direct = startUploads({ pool, bucket, s3, log });
  await ensureBucket(direct.store, bucket);

  const app = express();
  const common = { s3: direct.store.s3, bucket, pool };
  app.use(createUsage());
  app.use('/naive', createNaive(common));
  app.use('/through', createThrough(common));
  app.use(direct.app);
  {
    await using server = await listen(app);
    console.log(`listening on ${server.url}`);
    await stopped;
  }
  direct.stop();
  await pool.end();
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

type Common = { s3: S3; bucket: string; pool: Pool };

/** The naive way: one URL for all of the file. */
function createNaive(common: Common) {
  const naive = createNaiveUploads(common);
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
function createThrough({ s3: client, bucket: Bucket }: Common) {
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
