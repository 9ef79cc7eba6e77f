import { listen } from '@touchstone/kit/app/http';
import {
  compare,
  operationsPerSecond,
  writeBench,
} from '@touchstone/kit/testing/bench';
import { waitUntil } from '@touchstone/kit/time/wait';
import {
  createInRequestApp,
  createInsertApp,
  createPatternApp,
  startPatternWorker,
} from './bench-apps.ts';
import { deliver } from './bench-sender.ts';
import { compareVerifiers } from './bench-verifiers.ts';
import { createNaiveApp } from './naive.ts';
import { createSigningSecret } from './secrets.ts';
import { count, openTestDatabase } from './test-database.ts';

const LOAD = { clients: 8, seconds: 2 };
const secret = createSigningSecret();

await using database = await openTestDatabase({ durable: true });
const { pool } = database;
await pool.query(
  'create table bench_events (id text primary key, body bytea not null)',
);
await using pattern = await listen(createPatternApp(pool, secret));
await using naive = await listen(createNaiveApp({ pool, secret }));
await using insert = await listen(createInsertApp(pool, secret));
await using inRequest = await listen(createInRequestApp(pool, secret));

const verifying = await compareVerifiers(secret);
const accepting = await compareAccepting();
const processing = await compareProcessing();
const waiting = await compareWaiting();

const { rows } = await pool.query('show server_version');
writeBench(new URL('bench.json', import.meta.url), {
  id: 'integrations/webhook-receiving',
  software: `PostgreSQL ${rows[0].server_version}`,
  tables: [verifying, accepting, processing, waiting],
});

/** Only what the sender waits for. */
function compareAccepting() {
  return compare({
    title: `Accepting only, ${LOAD.clients} senders at once`,
    unit: 'events/s',
    better: 'higher',
    contenders: [
      {
        name: 'this pattern',
        measure: () => forget(measureRate(pattern.url)),
        note: 'a receipt, an event and a job; no worker runs',
      },
      {
        name: 'express.raw + standardwebhooks + one insert',
        measure: () => measureRate(insert.url),
        note: 'and nothing that processes the event',
      },
    ],
  });
}

/** From the request until the effect is committed, for all of them. */
async function compareProcessing() {
  await using _ = startPatternWorker(database.url);
  return await compare({
    title: `Accepting and processing, one upsert of work, ${LOAD.clients} senders at once`,
    unit: 'events/s',
    better: 'higher',
    contenders: [
      {
        name: 'this pattern',
        measure: measureEndToEnd,
        note: 'until its worker has processed the last one',
      },
      {
        name: 'in the request, with a receipt',
        measure: () => measureRate(inRequest.url),
        note: 'standardwebhooks; a copy does not count twice',
      },
      {
        name: 'in the request (naive)',
        measure: () => measureRate(naive.url),
        note: 'a copy counts twice',
      },
    ],
  });
}

/** Work that takes 20 ms, as a slow query would. */
async function compareWaiting() {
  await pool.query(
    `create function be_slow() returns trigger language plpgsql as
       'begin perform pg_sleep(0.02); return new; end';
     create trigger slow before insert on accounts
       for each row execute function be_slow()`,
  );
  await using _ = startPatternWorker(database.url);
  return await compare({
    title: `How long the sender waits, with work of 20 ms an event, ${LOAD.clients} senders at once`,
    unit: 'ms',
    better: 'lower',
    contenders: [
      {
        name: 'this pattern',
        measure: () => measureWait(pattern.url),
        note: 'its worker has ten events in work meanwhile',
      },
      {
        name: 'in the request, with a receipt',
        measure: () => measureWait(inRequest.url),
      },
      {
        name: 'in the request (naive)',
        measure: () => measureWait(naive.url),
      },
    ],
  });
}

function measureRate(url: string): Promise<number> {
  return operationsPerSecond(LOAD, () => deliver(url, secret));
}

async function measureEndToEnd(): Promise<number> {
  const start = performance.now();
  const before = await count(pool, 'webhook_receipts');
  await measureRate(pattern.url);
  await waitUntil(
    'all are processed',
    async () => (await count(pool, 'webhook_events')) === 0,
  );
  const seconds = (performance.now() - start) / 1000;
  return ((await count(pool, 'webhook_receipts')) - before) / seconds;
}

/** Each sender has one request at a time: the mean wait is that of all together. */
async function measureWait(url: string): Promise<number> {
  const rate = await forget(measureRate(url));
  return (LOAD.clients * 1000) / rate;
}

/** What a round leaves behind must not slow down the next. */
async function forget(measured: Promise<number>): Promise<number> {
  const figure = await measured;
  // The worker locks events, then jobs: both at once would deadlock.
  await pool.query('truncate jobs');
  await pool.query('truncate webhook_receipts, webhook_events');
  return figure;
}
