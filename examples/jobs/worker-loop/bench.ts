import { setTimeout as pause } from 'node:timers/promises';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { compare, writeBench } from '@touchstone/kit/testing/bench';
import { waitUntil } from '@touchstone/kit/time/wait';
import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import pg from 'pg';
import { type Check, createSiteChecks } from './site-checks.ts';
import { startWorker } from './start-worker.ts';
import { noop } from './test-worker.ts';

const ITEMS = 400;
const AT_ONCE = 20;

type Payload = { id: number };

await using database = await freshDatabase({
  schema: new URL('schema.sql', import.meta.url),
  durable: true,
});
const { pool } = database;
const sites = createSiteChecks({ pool });
const { claim, settle } = sites;
const log = { warn: console.error };
const jobs = await openGraphile();

/** What a call to another service takes: one in twenty is slow. */
const answer = (id: unknown) => pause(Number(id) % 20 ? 20 : 500);

async function fill(items: number) {
  await pool.query('truncate sites restart identity');
  await pool.query(
    `insert into sites (url) select n from generate_series(1, $1) as n`,
    [items],
  );
}

/** Items a second, until the last one is recorded. */
async function measure(items: number, drain: () => Promise<unknown>) {
  const began = performance.now();
  await drain();
  return (items * 1000) / (performance.now() - began);
}

async function measureLoop() {
  await fill(ITEMS);
  let left = ITEMS;
  const done = Promise.withResolvers<void>();
  const worker = startWorker<Check>({
    name: 'bench',
    claim,
    work: ({ id }) => answer(id),
    async settle(batch) {
      await settle(batch);
      left -= batch.length;
      if (left === 0) done.resolve();
    },
    log,
    concurrency: AT_ONCE,
  });
  const rate = await measure(ITEMS, () => done.promise);
  await worker.stop();
  return rate;
}

/** So many are claimed, and all are awaited before the next claim. */
async function measureBatches(items: number, size: number) {
  await fill(items);
  return measure(items, async () => {
    for (;;) {
      const checks = await claim(size);
      if (checks.length === 0) return;
      const doing = checks.map(({ id }) => answer(id));
      const results = await Promise.allSettled(doing);
      const ended = checks.flatMap((item, n) => {
        const result = results[n];
        return result ? [{ item, result }] : [];
      });
      await settle(ended);
    }
  });
}

async function openGraphile() {
  const pgPool = new pg.Pool({
    connectionString: database.url,
    max: 12,
  });
  // It asks for both; the database ends what it leaves open.
  pgPool.on('error', noop).on('connect', (client) => {
    client.on('error', noop);
  });
  const logger = new Logger(() => noop);
  const utils = await makeWorkerUtils({ pgPool, logger });
  await utils.migrate();
  return { pgPool, logger, utils };
}

async function measureGraphile() {
  const { pgPool, logger, utils } = jobs;
  const all = Array.from({ length: ITEMS }, (_, n) => ({
    identifier: 'check',
    payload: { id: n + 1 },
  }));
  await utils.addJobs(all);
  const check = (payload: unknown) => answer((payload as Payload).id);
  let runner: Awaited<ReturnType<typeof run>> | undefined;
  const rate = await measure(ITEMS, async () => {
    runner = await run({
      pgPool,
      logger,
      concurrency: AT_ONCE,
      noHandleSignals: true,
      taskList: { check },
    });
    await waitUntil('all are gone', async () => {
      const { rowCount } = await pool.query(
        'select from graphile_worker._private_jobs limit 1',
      );
      return rowCount === 0;
    });
  });
  await runner?.stop();
  return rate;
}

const table = await compare({
  title: 'Items a second; work waits 20 ms, one in twenty 500 ms',
  unit: 'items/s',
  better: 'higher',
  contenders: [
    { name: 'this pattern', note: '20 places', measure: measureLoop },
    {
      name: 'batches of 20',
      note: 'each as slow as its slowest',
      measure: () => measureBatches(100, AT_ONCE),
    },
    {
      name: 'one by one (naive)',
      measure: () => measureBatches(20, 1),
    },
    {
      name: 'graphile-worker 0.18',
      note: '20 at once, its own table',
      measure: measureGraphile,
    },
  ],
});
await jobs.utils.release();
await jobs.pgPool.end();
writeBench(new URL('bench.json', import.meta.url), {
  id: 'jobs/worker-loop',
  software: 'PostgreSQL 18.4',
  tables: [table],
});
