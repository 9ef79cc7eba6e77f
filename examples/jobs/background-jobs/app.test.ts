import { listen } from '@touchstone/kit/app/http';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import {
  countWaiting,
  lockTable,
  untilWaiting,
} from '@touchstone/kit/postgres/locks';
import { createClient } from '@touchstone/kit/testing/client';
import { createTestLog } from '@touchstone/kit/testing/log';
import { waitUntil } from '@touchstone/kit/time/wait';
import { expect, it } from 'vitest';
import { createJobQueue } from './job-queue.ts';
import { startShop } from './start-shop.ts';
import { SCHEMA } from './test-jobs.ts';

it('answers an order at once, and has its invoice a moment later', async () => {
  await using shop = await startTestShop();
  const body = { customer: 'Ada', cents: 4200 };
  const order = await shop.send('POST', '/orders', { body });

  expect(order.status).toBe(201);
  const path = `${order.headers.get('location')}`;
  await waitUntil('the invoice is there', async () => {
    const { body: found } = await shop.send('GET', path);
    return found.invoice === '1';
  });
  await shop.check();
});

it('refuses an order that is not what the route asks for', async () => {
  await using shop = await startTestShop();
  const bodies = [
    {},
    { customer: 'Ada', cents: 0 },
    { customer: 'Ada', cents: 1.5 },
    { customer: '', cents: 1 },
    { customer: 'Ada', cents: 1, more: 1 },
  ];

  for (const body of bodies) {
    expect(await shop.send('POST', '/orders', { body })).toMatchObject({
      status: 400,
      body: { code: 'invalid_request' },
    });
  }
});

it('does not find what is not there', async () => {
  await using shop = await startTestShop();
  const order = await shop.send('GET', `/orders/${'9'.repeat(18)}`);
  const job = await shop.send('POST', '/dead-jobs/7/revival');

  expect(await shop.send('GET', '/orders/1e3')).toMatchObject({
    status: 400,
  });
  expect(order).toMatchObject({
    status: 404,
    body: { code: 'no_such_order' },
  });
  expect(job).toMatchObject({
    status: 404,
    body: { code: 'no_such_job' },
  });
});

it('shows dead jobs to an operator, who sends one again', async () => {
  await using shop = await startTestShop();
  const queue = createJobQueue(shop);
  const payloads = [{ order: 1 }, { orderId: '1' }];
  for (const payload of payloads)
    await queue.enqueue(shop.pool, [{ kind: 'make-invoice', payload }]);
  const list = () => shop.send<object[]>('GET', '/dead-jobs');
  await waitUntil(
    'both are dead',
    async () => (await list()).body.length === 2,
  );

  const { body } = await list();
  expect(body).toMatchObject(
    expect.arrayContaining(
      ['There is no such order', 'The payload has no order'].map(
        (message) =>
          expect.objectContaining({
            kind: 'make-invoice',
            attempts: 1,
            lastError: `PermanentError: ${message}`,
          }),
      ),
    ),
  );
  const answer = await shop.send('POST', '/dead-jobs/1/revival');

  expect(answer.status).toBe(204);
  await waitUntil('it is dead again', async () =>
    (await list()).body.some((job) => 'id' in job && job.id === '3'),
  );
});

it('answers while handlers wait for a lock', async () => {
  await using shop = await startTestShop();
  const body = { customer: 'Ada', cents: 4200 };
  const order = { kind: 'make-invoice', payload: { orderId: '1' } };
  const invoices = await lockTable(shop.pool, 'invoices', 'exclusive');
  await createJobQueue(shop).enqueue(shop.pool, Array(20).fill(order));
  await shop.send('POST', '/orders', { body });
  await untilWaiting(shop.pool, 5);

  const { status } = await shop.send('POST', '/orders', { body });

  expect(status).toBe(201);
  expect(await countWaiting(shop.pool)).toBe(5);
  await invoices.unlock();
});

async function startTestShop() {
  const stack = new AsyncDisposableStack();
  const { pool, url } = stack.use(
    await freshDatabase({ schema: SCHEMA }),
  );
  const log = createTestLog();
  const shop = startShop({ connectionString: url, log });
  stack.defer(shop.stop);
  const server = stack.use(await listen(shop.app));
  return {
    pool,
    check: shop.check,
    send: createClient(server.url),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
