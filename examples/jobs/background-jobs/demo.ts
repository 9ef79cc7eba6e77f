import { freshDatabase } from '@touchstone/kit/postgres/database';
import { startProgram } from '@touchstone/kit/programs/program';
import { waitUntil } from '@touchstone/kit/time/wait';
import { createJobQueue } from './job-queue.ts';
import { type Answer, createClient } from './test-client.ts';
import {
  count,
  hasBlocked,
  lockInvoices,
  SCHEMA,
} from './test-jobs.ts';

const MAIN = new URL('main.ts', import.meta.url);

await using database = await freshDatabase({ schema: SCHEMA });
const { pool } = database;
const environment = {
  DATABASE_URL: database.url,
  PORT: '0',
  LEASE_SECONDS: '3',
};
await using first = await startProgram(MAIN, environment);
const shop = createClient(first.url);
const { status, body } = await shop.placeOrder();
console.log(`POST /orders: ${status}`);
await waitUntil('it has an invoice', () => hasInvoice(shop, body.id));
console.log('GET /orders/1, a moment later: it has an invoice');

const invoices = await lockInvoices(pool);
const { body: next } = await shop.placeOrder();
await waitUntil('its job waits in the middle', () => hasBlocked(pool));
await first.kill('SIGKILL');
await invoices.unlock();
console.log('the next order: its worker is killed in the middle');

await using second = await startProgram(MAIN, environment);
const again = createClient(second.url);
const { body: order } = await again.findOrder(next.id);
console.log(`GET /orders/2, another process: ${tell(order)}`);
await waitUntil('it has an invoice', () => hasInvoice(again, next.id));
console.log('its lease ends, GET /orders/2: it has an invoice');
const [orders, bills] = [
  count(pool, 'orders'),
  count(pool, 'invoices'),
];
console.log(`orders: ${await orders}, invoices: ${await bills}`);

const queue = createJobQueue({ pool });
await queue.enqueue(pool, [
  { kind: 'make-invoice', payload: { order: 'of an older release' } },
]);
await waitUntil('the job is dead', async () =>
  Boolean(await count(pool, 'dead_jobs')),
);
const { body: dead } = await again.send('GET', '/dead-jobs');
console.log('GET /dead-jobs:', Object(dead)[0].lastError);
console.log(`SIGTERM: exit code ${await second.kill('SIGTERM')}`);

function tell({ invoice }: Answer['body']) {
  return invoice ? 'it has an invoice' : 'no invoice yet';
}

async function hasInvoice(client: typeof shop, id: unknown) {
  const { body: order } = await client.findOrder(id);
  return Boolean(order.invoice);
}
