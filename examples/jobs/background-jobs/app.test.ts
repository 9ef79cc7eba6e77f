import { listen } from '@touchstone/kit/app/http';
import { waitUntil } from '@touchstone/kit/time/wait';
import { expect, it } from 'vitest';
import { createApp } from './app.ts';
import { createOrders } from './orders.ts';
import { createClient } from './test-client.ts';
import { startTestJobs } from './test-jobs.ts';

it('answers an order at once, and has its invoice a moment later', async () => {
  await using app = await startTestApp();
  const { status, body } = await app.placeOrder();
  expect(status).toBe(201);
  expect(await app.findOrder(body.id)).toMatchObject({
    status: 200,
    body: { customer: 'Ada', cents: 4200, invoice: null },
  });

  app.startWorker({ handlers: { 'make-invoice': app.makeInvoice } });

  await waitUntil('the invoice is there', async () => {
    const { body: order } = await app.findOrder(body.id);
    return order.invoice === '1';
  });
});

it('refuses an order that is not what the route asks for', async () => {
  await using app = await startTestApp();
  const bodies = [
    {},
    { customer: 'Ada', cents: 0 },
    { customer: 'Ada', cents: 1.5 },
    { customer: '', cents: 1 },
    { customer: 'Ada', cents: 1, more: 1 },
  ];

  for (const body of bodies) {
    expect(await app.send('POST', '/orders', body)).toMatchObject({
      status: 400,
      body: { code: 'invalid_request' },
    });
  }
  expect(await app.count('jobs')).toBe(0);
});

it('refuses an id that is no number, and does not find what is not there', async () => {
  await using app = await startTestApp();

  expect(await app.findOrder('1e3')).toMatchObject({ status: 400 });
  expect(await app.findOrder('9'.repeat(18))).toMatchObject({
    status: 404,
    body: { code: 'no_such_order' },
  });
  expect(await app.send('POST', '/dead-jobs/7/revival')).toMatchObject({
    status: 404,
    body: { code: 'no_such_job' },
  });
});

it('shows dead jobs to an operator, who sends one again', async () => {
  await using app = await startTestApp();
  await app.queue.enqueue(app.pool, [
    { kind: 'make-invoice', payload: { order: 1 } },
  ]);
  app.startWorker({ handlers: { 'make-invoice': app.makeInvoice } });
  await waitUntil(
    'the job is dead',
    async () => (await app.count('dead_jobs')) === 1,
  );

  const { body } = await app.send('GET', '/dead-jobs');
  expect(body).toMatchObject([
    {
      kind: 'make-invoice',
      attempts: 1,
      lastError: 'HopelessError: The payload names no order',
    },
  ]);
  const answer = await app.send('POST', '/dead-jobs/1/revival');

  expect(answer.status).toBe(204);
  await waitUntil(
    'it is dead again',
    async () => (await app.count('dead_jobs where id > 1')) === 1,
  );
});

async function startTestApp() {
  const jobs = await startTestJobs();
  const orders = createOrders(jobs);
  const { deadJobs } = jobs;
  const server = await listen(
    createApp({ orders, deadJobs, log: console }),
  );
  async function dispose() {
    await server[Symbol.asyncDispose]();
    await jobs[Symbol.asyncDispose]();
  }
  return {
    ...jobs,
    ...createClient(server.url),
    makeInvoice: orders.makeInvoice,
    [Symbol.asyncDispose]: dispose,
  };
}
