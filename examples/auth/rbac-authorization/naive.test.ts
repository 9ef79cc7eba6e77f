import { listen } from '@touchstone/kit/app/http';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { createClient } from '@touchstone/kit/testing/client';
import { expect, it } from 'vitest';
import { createOrganisation } from './create-organisation.ts';
import { createNaiveApp } from './naive.ts';

it('shows how the naive way fails: other organisations, self-promotion, a removed member and a forgotten check', async () => {
  await using database = await freshDatabase({
    schema: new URL('schema.sql', import.meta.url),
  });
  const { pool } = database;
  const acme = await createOrganisation(pool);
  const globex = await createOrganisation(pool);
  const eve = globex.users.admin;
  const app = createNaiveApp(pool, (text) => {
    const [user, role = ''] = text.split(' ');
    return user === 'Eve' ? { role } : undefined;
  });
  await using server = await listen(app);
  const send = createClient(server.url, { authorization: 'Eve admin' });
  const path = `/contracts/${acme.contractId}`;
  const lease = { status: 200, body: { title: 'Lease' } };

  expect(await send('GET', path)).toMatchObject(lease);
  const body = { role: 'owner' };
  const promoted = await send('PATCH', `/members/${eve}`, { body });
  expect(promoted.status).toBe(204);
  const { rows } = await pool.query(
    'select role from memberships where user_id = $1',
    [eve],
  );
  expect(rows).toEqual([body]);
  await pool.query('delete from memberships where user_id = $1', [eve]);
  expect(await send('GET', path)).toMatchObject(lease);

  const nobody = createClient(server.url);
  expect((await fetch(server.url + path)).status).toBe(403);
  expect(await nobody('GET', `${path}/price`)).toMatchObject(lease);
});
