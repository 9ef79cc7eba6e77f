import { listen } from '@touchstone/kit/app/http';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { expect, it } from 'vitest';
import { findAccount } from './accounts.ts';
import { createNaiveApp } from './naive.ts';
import { createSigningSecret } from './secrets.ts';
import { createSender, writePaid } from './test-sender.ts';

it('shows how the naive way fails: it refuses what is genuine and counts twice', async () => {
  await using database = await freshDatabase({
    schema: new URL('schema.sql', import.meta.url),
  });
  const { pool } = database;
  const secret = createSigningSecret();
  await using server = await listen(createNaiveApp({ pool, secret }));
  const acme = createSender(server.url);
  const at = new Date('2020-01-01');
  const delivery = { id: 'msg_1', at, secrets: [secret] };
  const send = (body: string) => acme.sendStandard(body, delivery);

  const paid = writePaid('ada');
  const genuine = await send(paid.replace('{', '{ '));
  const first = await send(paid);
  const again = await send(paid);

  expect([genuine, first, again].map(({ status }) => status)).toEqual([
    401, 204, 204,
  ]);
  expect(await findAccount(pool, 'ada')).toMatchObject({
    creditCents: 2000,
  });
});
