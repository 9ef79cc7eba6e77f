import { listen } from '@touchstone/kit/app/http';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import {
  compare,
  operationsPerSecond,
  writeBench,
} from '@touchstone/kit/testing/bench';
import pg from 'pg';
import { createLibraryApp, createPatternApp } from './bench-apps.ts';
import { deliver } from './bench-sender.ts';
import { compareVerifiers } from './bench-verifiers.ts';
import { createNaiveApp } from './naive.ts';
import { createSigningSecret } from './secrets.ts';
import { startWorker } from './worker.ts';

const LOAD = { clients: 8, seconds: 2 };
const secret = createSigningSecret();

await using database = await freshDatabase({
  schema: new URL('schema.sql', import.meta.url),
  durable: true,
});
const { pool } = database;
const { app } = createPatternApp(pool, secret);
await using pattern = await listen(app);
await using naive = await listen(createNaiveApp({ pool, secret }));
await using library = await listen(createLibraryApp(pool, secret));

const verifying = await compareVerifiers(secret);
const accepting = await compare({
  title: `Accepting, ${LOAD.clients} senders at once`,
  unit: 'events/s',
  better: 'higher',
  contenders: [
    {
      name: 'this pattern',
      measure: () => measureRate(pattern.url),
      note: 'one durable row an event; the work comes later',
    },
    {
      name: 'in the request (naive)',
      measure: () => measureRate(naive.url),
      note: 'one upsert of work, done before the answer; no dedup',
    },
    {
      name: 'express.raw + standardwebhooks + the same insert',
      measure: () => measureRate(library.url),
    },
  ],
});
const waiting = await compareWaiting();

const { rows } = await pool.query('show server_version');
writeBench(new URL('bench.json', import.meta.url), {
  id: 'integrations/webhook-receiving',
  software: `PostgreSQL ${rows[0].server_version}`,
  tables: [verifying, accepting, waiting],
});

/** Once more with work that takes 20 ms, as a call to another API would. */
async function compareWaiting() {
  await pool.query(
    `create function be_slow() returns trigger language plpgsql as
       'begin perform pg_sleep(0.02); return new; end';
     truncate webhook_events;
     create trigger slow before insert on accounts
       for each row execute function be_slow()`,
  );
  // With a pool of its own, it takes no connection from the others.
  const ownPool = new pg.Pool({ connectionString: database.url });
  const { inbox } = createPatternApp(ownPool, secret);
  const worker = startWorker({ ...inbox, log: console });
  const table = await compare({
    title: `How long the sender waits, with work of 20 ms an event, ${LOAD.clients} senders at once`,
    unit: 'ms',
    better: 'lower',
    contenders: [
      {
        name: 'this pattern',
        measure: () => measureWait(pattern.url),
        note: 'its worker has four events in hand meanwhile',
      },
      {
        name: 'in the request (naive)',
        measure: () => measureWait(naive.url),
      },
      {
        name: 'express.raw + standardwebhooks + the same insert',
        measure: () => measureWait(library.url),
        note: 'the same worker runs',
      },
    ],
  });
  await worker[Symbol.asyncDispose]();
  await ownPool.end();
  return table;
}

function measureRate(url: string): Promise<number> {
  return operationsPerSecond(LOAD, () => deliver(url, secret));
}

/** Each sender has one request under way: the mean wait is theirs together. */
async function measureWait(url: string): Promise<number> {
  return (LOAD.clients * 1000) / (await measureRate(url));
}
