import { listen } from '@touchstone/kit/app/http';
import { waitUntil } from '@touchstone/kit/time/wait';
import { expect, it } from 'vitest';
import { createApp } from './app.ts';
import { createLog } from './create-log.ts';
import { createTestOutput } from './test-pipe.ts';

it('gives all lines of a request its id, method and path, and what became known later', async () => {
  const output = createTestOutput();
  const log = createLog({ output, level: 'debug' });
  await using server = await listen(createApp({ log }));
  const response = await fetch(`${server.url}/orders?token=canary`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ sku: 'shoes', cardNumber: '4000' }),
  });
  expect(response.status).toBe(500);
  await waitUntil('the end is logged', () => output.texts.length === 3);

  const [charging, failed, ended] = output.read();
  const context = {
    requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    method: 'POST',
    path: '/orders',
    sku: 'shoes',
  };
  expect(charging).toMatchObject({
    context,
    details: { cardNumber: '[redacted]' },
  });
  expect(JSON.stringify(failed)).toContain('"message":"declined"');
  expect(failed?.context).toEqual(charging?.context);
  expect(ended?.context).toEqual(charging?.context);
  expect(ended?.details).toEqual({ status: 500, sent: true });
});
