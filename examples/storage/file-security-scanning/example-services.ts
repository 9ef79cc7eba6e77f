import { readFileSync } from 'node:fs';
import {
  BucketAlreadyOwnedByYou,
  CreateBucketCommand,
  S3,
} from '@aws-sdk/client-s3';
import type { ObjectStore } from '@touchstone/kit/object-storage/object-store';
import type { Pool } from 'pg';

const JOBS = new URL(
  '../../jobs/background-jobs/schema.sql',
  import.meta.url,
);

/** Creates the tables of the background jobs, unless they are there. */
export async function createJobTables(pool: Pool) {
  const { rows } = await pool.query(
    `select to_regclass('jobs') as jobs`,
  );
  if (!rows[0].jobs) await pool.query(readFileSync(JOBS, 'utf8'));
}

/** What the S3 client needs to know of a store. */
export function configureStore(store: ObjectStore) {
  const { endpoint, region, ...credentials } = store;
  return { endpoint, region, credentials, forcePathStyle: true };
}

/** Creates buckets, unless they are there. */
export async function createBuckets(
  store: ObjectStore,
  names: string[],
) {
  const client = new S3(configureStore(store));
  for (const Bucket of names)
    await client
      .send(new CreateBucketCommand({ Bucket }))
      .catch((error) => {
        if (!(error instanceof BucketAlreadyOwnedByYou)) throw error;
      });
  return client;
}
