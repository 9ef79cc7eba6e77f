import { listen } from '@touchstone/kit/app/http';
import { expect, it } from 'vitest';
import { createNaiveApp } from './naive.ts';
import { ask, post } from './test-client.ts';

it('shows how the naive way fails: the customer sets `paid`, and "false" is true', async () => {
  await using server = await listen(createNaiveApp());
  const url = `${server.url}/orders`;

  expect((await post(url, '{"cents":1,"paid":true}')).body).toEqual({
    cents: 1,
    paid: true,
  });
  expect(
    (await ask(`${url}?paid=false&limit=0x10`)).body,
  ).toMatchObject({
    paid: true,
    limit: 16,
  });
  expect((await ask(url)).body).toMatchObject({ limit: 20 });
});
