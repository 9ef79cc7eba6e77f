import { freshDatabase } from '@touchstone/kit/postgres/database';
import {
  lockTable,
  untilWaiting,
} from '@touchstone/kit/postgres/locks';
import { startProgram } from '@touchstone/kit/programs/program';
import { createClient } from '@touchstone/kit/testing/client';
import { waitUntil } from '@touchstone/kit/time/wait';
import { createJobQueue } from './job-queue.ts';
import { count, SCHEMA } from './test-jobs.ts';

const MAIN = new URL('main.ts', import.meta.url);

await using database = await freshDatabase({ schema: SCHEMA });
const { pool } = database;
const environment = {
  DATABASE_URL: database.url,
  PORT: '0',
  LIMIT_SECONDS: '1',
  ANSWER_SECONDS: '1', // so the lease is 4 s
};
const order = { body: { customer: 'Ada', cents: 4200 } };

await using first = await startProgram(MAIN, environment);
const send = createClient(first.url);
const { status } = await send('POST', '/orders', order);
console.log(`POST /orders: ${status}`);
await waitForInvoice(1);
console.log('GET /orders/1, a moment later: it has an invoice');

const invoices = await lockTable(pool, 'invoices');
await send('POST', '/orders', order);
await untilWaiting(pool); // its job is in the middle
await first.kill('SIGKILL');
await invoices.unlock();
console.log('the next order: its worker is killed in the middle');

await using second = await startProgram(MAIN, environment);
const sendAgain = createClient(second.url);
const { body } = await sendAgain('GET', '/orders/2');
console.log(
  `GET /orders/2, another process: ${body.invoice ?? 'no'} invoice yet`,
);
await waitForInvoice(2);
console.log('its lease ends, GET /orders/2: it has an invoice');
const orders = await count(pool, 'orders');
const made = await count(pool, 'invoices');
console.log(`orders: ${orders}, invoices: ${made}`);

const queue = createJobQueue({ pool });
const older = { kind: 'make-invoice', payload: { order: 3 } };
await queue.enqueue(pool, [older]);
await waitUntil('the job is dead', async () =>
  Boolean(await count(pool, 'dead_jobs')),
);
const dead = await sendAgain<{ lastError: string }[]>(
  'GET',
  '/dead-jobs',
);
console.log('GET /dead-jobs:', dead.body[0]?.lastError);
console.log(`SIGTERM: exit code ${await second.kill('SIGTERM')}`);

async function waitForInvoice(orderId: number) {
  const place = `invoices where order_id = ${orderId}`;
  await waitUntil('it has an invoice', async () =>
    Boolean(await count(pool, place)),
  );
}
