import { S3, type S3ClientConfig } from '@aws-sdk/client-s3';
import type { Log } from '../../jobs/background-jobs/job.ts';
import { createJobQueue } from '../../jobs/background-jobs/job-queue.ts';
import { startJobWorker } from '../../jobs/background-jobs/job-worker.ts';
import { listenForWakeUps } from '../../jobs/worker-loop/listen-for-wake-ups.ts';
import { createPool } from '../../postgres/connection-pooling/create-pool.ts';
import { createApp } from './app.ts';
import { createBucket } from './buckets.ts';
import { createClamdScanner } from './clamd-scanner.ts';
import { createInspector } from './create-inspector.ts';
import { createFileQuarantine } from './file-quarantine.ts';
import { createFileScanner } from './file-scanner.ts';

type Settings = {
  connectionString: string;
  store: S3ClientConfig;
  buckets: { quarantine: string; published: string };
  clamd: Parameters<typeof createClamdScanner>[0];
  log: Log;
};

/** The API and the worker in one process; they can be two. */
export function startFiles(settings: Settings) {
  const { connectionString, store, buckets, clamd, log } = settings;
  // #region wire
  const common = { connectionString, applicationName: 'files', log };
  const pool = createPool(common);
  const queue = createJobQueue({ pool });
  const requestHandler = {
    connectionTimeout: 3000,
    requestTimeout: 30_000, // in milliseconds, as all three
    socketTimeout: 30_000,
    throwOnRequestTimeout: true,
  };
  const client = new S3({ ...store, requestHandler });
  const quarantine = createBucket(client, buckets.quarantine);
  const published = createBucket(client, buckets.published);
  const shared = { pool, queue, quarantine, published, log };
  // What the API needs, and `published` for content.
  const files = createFileQuarantine(shared);

  const jobPool = createPool({ ...common, max: 4 });
  const worker = startJobWorker({
    pool: jobPool,
    handlers: createFileScanner({
      ...shared,
      inspect: createInspector(),
      scan: createClamdScanner(clamd),
    }),
    log,
    concurrency: 2, // each scan takes a core
    limitSeconds: 120, // for all steps; less than the hour of clean-ups
  });
  const { wake } = worker;
  const listener = listenForWakeUps({ connectionString, wake, log });
  // #endregion wire

  async function stop() {
    await listener.stop();
    await worker.stop(10);
    client.destroy();
    await Promise.all([jobPool.end(), pool.end()]);
  }

  const app = createApp({ pool, files, published, log });
  return { app, stop, [Symbol.asyncDispose]: stop };
}
