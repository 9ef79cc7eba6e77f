import {
  lockTable,
  untilWaiting,
} from '@touchstone/kit/postgres/locks';
import type { Pool } from 'pg';
import { createNaiveJobs } from './naive.ts';
import { count } from './test-jobs.ts';

/** How often one job runs when two workers look for it in the same moment. */
export async function runWithTwoWorkers(pool: Pool): Promise<number> {
  const naive = createNaiveJobs({ pool });
  await naive.createTable();
  await naive.enqueue(['invoice 1']);
  let ran = 0;
  const work = () => naive.workOnce(async () => void ran++);

  // Both have read before either may write.
  const table = await lockTable(pool, 'naive_jobs', 'exclusive');
  const both = Promise.all([work(), work()]);
  await untilWaiting(pool, 2); // both have found the job
  await table.unlock();
  await both;
  return ran;
}

/** What the next worker finds when the one before it never came back. */
export async function findAfterDeath(pool: Pool): Promise<boolean> {
  const naive = createNaiveJobs({ pool });
  await naive.createTable();
  await naive.enqueue(['invoice 2']);
  await new Promise<void>((began) => {
    void naive.workOnce(() => {
      began();
      return new Promise(() => {}); // killed here
    });
  });
  return naive.workOnce(async () => {});
}

/** How many jobs there are for an order that was rolled back. */
export async function enqueueAndRollBack(pool: Pool): Promise<number> {
  const naive = createNaiveJobs({ pool });
  await naive.createTable();
  const client = await pool.connect();
  await client.query('begin');
  await client.query(
    `insert into orders (customer, cents) values ('Ada', 4200)`,
  );
  await naive.enqueue(['invoice 3']);
  await client.query('rollback');
  client.release();
  return count(pool, `naive_jobs where payload = '"invoice 3"'`);
}
