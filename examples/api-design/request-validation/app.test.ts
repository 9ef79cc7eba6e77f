import { listen } from '@touchstone/kit/app/http';
import { startProgram } from '@touchstone/kit/programs/program';
import { expect, it } from 'vitest';
import { createApp } from './app.ts';
import { ask, post } from './test-client.ts';

it('takes an order and finds it by what it was parsed to', async () => {
  await using server = await listen(createApp({ log: console }));
  const url = `${server.url}/shops/books/orders`;

  const order = '{"email":"ada@example.com","cents":900}';
  expect((await post(url, order)).status).toBe(201);

  const found = async (search: string) =>
    JSON.parse((await ask(`${url}?${search}`)).text);
  expect(await found('paid=false')).toHaveLength(1);
  expect(await found('paid=true')).toHaveLength(0);
  expect(await found('email=eve@example.com')).toHaveLength(0);
  expect(
    await found('email=eve@example.com&email=ada@example.com'),
  ).toEqual([
    {
      shop: 'books',
      email: 'ada@example.com',
      cents: 900,
      paid: false,
    },
  ]);
});

it('names what is wrong in all parts at once', async () => {
  await using server = await listen(createApp({ log: console }));

  const { body } = await post(`${server.url}/shops/B%2F/orders`, '{}');

  expect(
    body.errors?.map(({ in: part, pointer }) => part + pointer),
  ).toEqual(['params/shop', 'body/email', 'body/cents']);
});

it('refuses a method that the route does not have', async () => {
  await using server = await listen(createApp({ log: console }));

  const answer = await ask(`${server.url}/shops/books/orders`, {
    method: 'DELETE',
  });

  expect(answer.body.code).toBe('method_not_allowed');
});

it('ends with code 0 on SIGTERM', async () => {
  await using program = await startProgram(
    new URL('main.ts', import.meta.url),
    { PORT: '0' },
  );

  expect(await program.kill('SIGTERM')).toBe(0);
});
