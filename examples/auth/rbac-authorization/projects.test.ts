import { freshDatabase } from '@touchstone/kit/postgres/database';
import { expect, it } from 'vitest';
import { createProjects } from './projects.ts';

const [ADA, EVE, ACME, GLOBEX, PLAN] = [1, 2, 3, 4, 5].map(
  (digit) => `00000000-0000-4000-8000-00000000000${digit}`,
) as [string, string, string, string, string];

/** Ada has a role in Acme, and Eve owns Globex. */
async function open(role: string) {
  const database = await freshDatabase({
    schema: new URL('schema.sql', import.meta.url),
  });
  await database.pool.query(`
    insert into users values ('${ADA}'), ('${EVE}');
    insert into organisations values ('${ACME}'), ('${GLOBEX}');
    insert into memberships values
      ('${ACME}', '${ADA}', '${role}'), ('${GLOBEX}', '${EVE}', 'owner');
    insert into projects values ('${PLAN}', '${ACME}', 'Plan')`);
  const projects = createProjects(database.pool);
  return {
    ...projects,
    pool: database.pool,
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

it('lists and finds the same projects', async () => {
  await using app = await open('viewer');
  const plan = { id: PLAN, orgId: ACME, name: 'Plan' };
  expect(await app.list(ADA, ACME)).toEqual([plan]);
  expect(await app.find(ADA, ACME, PLAN)).toEqual(plan);
  expect(await app.list(EVE, ACME)).toEqual([]);
  expect(await app.find(EVE, ACME, PLAN)).toBeUndefined();
  expect(await app.list(EVE, GLOBEX)).toEqual([]);
  expect(await app.find(EVE, GLOBEX, PLAN)).toBeUndefined();
});

it('writes with the role of the moment of the write', async () => {
  await using app = await open('member');
  const plan = { id: PLAN, orgId: ACME, name: 'Later' };
  expect(await app.rename(EVE, plan)).toBe(false);
  expect(await app.rename(EVE, { ...plan, orgId: GLOBEX })).toBe(false);
  expect(await app.rename(ADA, plan)).toBe(true);
  await app.pool.query(
    "update memberships set role = 'viewer' where role = 'member'",
  );
  expect(await app.rename(ADA, { ...plan, name: 'No' })).toBe(false);
  expect((await app.find(ADA, ACME, PLAN))?.name).toBe('Later');
});
