import { randomUUID } from 'node:crypto';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { listen } from '@touchstone/kit/app/http';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import type { Pool } from 'pg';
import { createApp } from './app.ts';
import { openBuckets } from './buckets.ts';
import { createClamdScanner } from './clamd-scanner.ts';
import {
  createFileQuarantine,
  type FileQuarantineOptions,
} from './file-quarantine.ts';
import { createSandbox, type Limits } from './sandbox.ts';
import { createClient } from './test-client.ts';
import { clamd, store } from './test-services.ts';

type TestOptions = {
  limits?: Partial<Limits>;
  inspect?: FileQuarantineOptions['inspect'];
  scan?: FileQuarantineOptions['scan'];
};

export const SCHEMA = new URL('schema.sql', import.meta.url);

/** The app on a socket, with a database, buckets and a sandbox of its own, and no worker. */
export async function startTestApp(options: TestOptions = {}) {
  const database = await freshDatabase({ schema: SCHEMA });
  const { pool } = database;
  const { buckets, names, listPublished } = await openTestBuckets();
  const { logged, ...log } = createTestLog();
  const files = createFileQuarantine({
    pool,
    ...buckets,
    inspect: options.inspect ?? createSandbox(options.limits),
    scan: options.scan ?? createClamdScanner(clamd),
    log,
  });
  const { published } = buckets;
  const server = await listen(
    createApp({ files, published, log, maxBytes: 2_000_000 }),
  );

  async function dispose() {
    await server[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  }

  return {
    ...createClient(server.url),
    url: server.url,
    databaseUrl: database.url,
    pool,
    buckets,
    names,
    files,
    logged,
    listPublished,
    processAll: () => processAll(files),
    passTime: (seconds: number) => passTime(pool, seconds),
    [Symbol.asyncDispose]: dispose,
  };
}

type Files = ReturnType<typeof createFileQuarantine>;

/** Looks at files until none is due. */
async function processAll({ processNext }: Files) {
  let looked = 0;
  while (await processNext()) looked++;
  return looked;
}

/** Moves every lease and every pause nearer, as so many seconds would. */
async function passTime(pool: Pool, seconds: number) {
  await pool.query(
    `update files set due_at = due_at - make_interval(secs => $1)`,
    [seconds],
  );
}

async function openTestBuckets() {
  const { endpoint, region, ...credentials } = store;
  const client = new S3Client({
    endpoint,
    region,
    credentials,
    forcePathStyle: true,
  });
  const run = randomUUID();
  const names = {
    quarantine: `quarantine-${run}`,
    published: `published-${run}`,
  };
  const buckets = await openBuckets(client, names);

  async function listPublished() {
    const Bucket = names.published;
    const { Contents = [] } = await client.send(
      new ListObjectsV2Command({ Bucket }),
    );
    return Contents.map(({ Key }) => Key);
  }

  return { buckets, names, listPublished };
}

function createTestLog() {
  const logged: string[] = [];
  const keep = (message: string, details: object) =>
    void logged.push(`${message} ${Object(details).error}`);
  return { logged, warn: keep, error: keep };
}
