import { randomUUID } from 'node:crypto';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { listen } from '@touchstone/kit/app/http';
import { startObjectStore } from '@touchstone/kit/object-storage/object-store';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { startClamd } from '@touchstone/kit/scanning/clamd';
import { createTestLog } from '@touchstone/kit/testing/log';
import { afterAll } from 'vitest';
import type { Job } from '../../jobs/background-jobs/job.ts';
import { judge } from '../../jobs/background-jobs/job-outcomes.ts';
import { createJobQueue } from '../../jobs/background-jobs/job-queue.ts';
import { createApp } from './app.ts';
import { createBucket } from './buckets.ts';
import { createClamdScanner } from './clamd-scanner.ts';
import { createBuckets, createJobTables } from './example-services.ts';
import { createFileQuarantine } from './file-quarantine.ts';
import {
  createFileScanner,
  type FileScannerOptions,
} from './file-scanner.ts';
import { inspectUpload, type Upload } from './inspect-upload.ts';
import { createFileClient } from './test-client.ts';

/** One store and one scanner for the tests of a file; each test has buckets of its own. */
export const store = await startObjectStore();
export const clamd = await startClamd();
afterAll(async () => {
  await store[Symbol.asyncDispose]();
  await clamd[Symbol.asyncDispose]();
});

const LIMITS = { maxPixels: 50_000_000, maxBytes: 1_000_000 };

/** Without a process of its own, for tests of what comes before and after it. */
const inspectHere = (upload: Upload) => inspectUpload(upload, LIMITS);

/** The app on a socket, with a database and buckets of its own, whose jobs run when a test says so. */
export async function startTestApp(
  options: Partial<FileScannerOptions> = {},
) {
  await using stack = new AsyncDisposableStack();
  const schema = new URL('schema.sql', import.meta.url);
  const { pool, url } = stack.use(await freshDatabase({ schema }));
  await createJobTables(pool);
  const { buckets, ...others } = await openTestBuckets();
  const log = createTestLog();
  const queue = createJobQueue({ pool });
  const shared = { pool, queue, log, ...buckets };
  const { published } = buckets;
  const files = createFileQuarantine({
    ...shared,
    maxBytes: 2_000_000,
  });
  const handlers = createFileScanner({
    inspect: inspectHere,
    scan: createClamdScanner(clamd),
    ...shared,
    ...options,
  });
  const server = stack.use(
    await listen(createApp({ pool, files, published, log })),
  );
  const rest = stack.move();

  /** Runs a job as a worker does, and says how it ended. */
  async function run(job: Job) {
    const isScan = job.kind === 'scan-file';
    const handler = handlers[isScan ? 'scan-file' : 'clean-up-file'];
    const { signal } = new AbortController();
    const trying = [handler(job, signal)];
    for (const result of await Promise.allSettled(trying)) {
      const outcomes = judge({ item: job, result }, () => 60);
      await queue.settle(outcomes);
      if (result.status === 'rejected') return `${result.reason}`;
    }
    return `${job.kind}: done`;
  }

  const kinds = Object.keys(handlers);
  const claim = () => queue.claim(kinds, 100, 30);

  /** Runs the jobs that are due until none is, and says how each ended. */
  async function runJobs(): Promise<string[]> {
    const jobs = await claim();
    const ends = [];
    for (const job of jobs) ends.push(await run(job));
    return jobs.length > 0 ? [...ends, ...(await runJobs())] : [];
  }

  /** Moves all that is due, and all that was decided, by so many seconds. */
  async function passTime(seconds: number) {
    const interval = `make_interval(secs => ${seconds})`;
    await pool.query(
      `update jobs set due_at = due_at - ${interval};
       update files set decided_at = decided_at - ${interval}`,
    );
  }

  return {
    ...createFileClient(server.url),
    ...others,
    url: server.url,
    databaseUrl: url,
    pool,
    queue,
    buckets,
    files,
    log,
    claim,
    run,
    runJobs,
    passTime,
    [Symbol.asyncDispose]: () => rest.disposeAsync(),
  };
}

async function openTestBuckets() {
  const run = randomUUID();
  const names = {
    quarantine: `quarantine-${run}`,
    published: `published-${run}`,
  };
  const client = await createBuckets(store, Object.values(names));
  const buckets = {
    quarantine: createBucket(client, names.quarantine),
    published: createBucket(client, names.published),
  };

  async function listKeys(bucket: keyof typeof names) {
    const { Contents = [] } = await client.send(
      new ListObjectsV2Command({ Bucket: names[bucket] }),
    );
    return Contents.map(({ Key }) => Key);
  }

  return { buckets, names, listKeys };
}
