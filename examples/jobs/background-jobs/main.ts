import { readEnvironment } from '@touchstone/kit/app/environment';
import { listen } from '@touchstone/kit/app/http';
import { runMain } from '@touchstone/kit/app/main';
import { openDatabase } from '@touchstone/kit/postgres/database';
import pg from 'pg';
import { createApp } from './app.ts';
import { createDeadJobs } from './dead-jobs.ts';
import { environmentSchema } from './environment.ts';
import { createJobQueue } from './job-queue.ts';
import { startJobWorker } from './job-worker.ts';
import { createOrders } from './orders.ts';

await runMain(async (stopped) => {
  const settings = readEnvironment(environmentSchema);
  await using database = await openDatabase({
    url: settings.DATABASE_URL,
    schema: new URL('schema.sql', import.meta.url),
    dataFolder: new URL('.data/postgres', import.meta.url),
  });
  const { pool } = database;
  await using jobs = openJobPool(database.url);

  const queue = createJobQueue({ pool });
  const orders = createOrders({ pool, queue });
  const worker = startJobWorker({
    pool: jobs.pool,
    handlers: { 'make-invoice': orders.makeInvoice },
    log: console,
    concurrency: settings.CONCURRENCY,
    leaseSeconds: settings.LEASE_SECONDS,
  });
  const deadJobs = createDeadJobs({ pool });
  const app = createApp({ orders, deadJobs, log: console });
  await using server = await listen(app, { port: settings.PORT });
  console.log(`listening on ${server.url}`);
  console.log(describeUse(server.url));
  await stopped;
  await worker.stop(settings.GRACE_SECONDS);
});

/** The worker's own connections; a query that hangs gives up before a lease ends. */
function openJobPool(connectionString: string) {
  const pool = new pg.Pool({
    connectionString,
    max: 4,
    query_timeout: 10_000,
  });
  pool.on('error', (error) => console.warn('postgres:', error.message));
  return { pool, [Symbol.asyncDispose]: () => pool.end() };
}

function describeUse(url: string): string {
  const order = JSON.stringify({ customer: 'Ada', cents: 4200 });
  return [
    'try:',
    `  curl ${url}/orders -H 'content-type: application/json' -d '${order}'`,
    `  curl ${url}/orders/1`,
    `  curl ${url}/dead-jobs`,
  ].join('\n');
}
