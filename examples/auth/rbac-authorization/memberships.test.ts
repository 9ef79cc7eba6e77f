import { freshDatabase } from '@touchstone/kit/postgres/database';
import { expect, it } from 'vitest';
import { createMemberships } from './memberships.ts';
import type { Role } from './policies.ts';

/** An organisation with a member for each given role. */
async function open(...roles: Role[]) {
  const database = await freshDatabase({
    schema: new URL('schema.sql', import.meta.url),
  });
  const { pool } = database;
  const org = await pool.query<{ id: string }>(
    'insert into organisations default values returning id',
  );
  const orgId = `${org.rows[0]?.id}`;
  const ids: string[] = [];
  for (const role of roles) {
    const user = await pool.query<{ id: string }>(
      'insert into users default values returning id',
    );
    const id = `${user.rows[0]?.id}`;
    await pool.query('insert into memberships values ($1, $2, $3)', [
      orgId,
      id,
      role,
    ]);
    ids.push(id);
  }
  const members = createMemberships(pool);
  const as = (actor: number, user: number, role?: Role) =>
    members.change({
      orgId,
      actorId: `${ids[actor]}`,
      userId: `${ids[user]}`,
      ...(role && { role }),
    });
  const roleOf = (user: number) =>
    members.findRole(orgId, `${ids[user]}`);
  return {
    as,
    roleOf,
    pool,
    orgId,
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

it('keeps the last owner', async () => {
  await using org = await open('owner', 'admin');
  expect(await org.as(0, 0, 'admin')).toBe(false);
  expect(await org.as(0, 0)).toBe(false);
  expect(await org.as(0, 0, 'owner')).toBe(true);
});

it('keeps one of two owners who leave or demote each other at once', async () => {
  for (let round = 0; round < 20; round += 1) {
    await using org = await open('owner', 'owner');
    const both =
      round % 2
        ? [org.as(0, 0), org.as(1, 1)]
        : [org.as(0, 1, 'viewer'), org.as(1, 0, 'viewer')];
    expect((await Promise.all(both)).sort()).toEqual([false, true]);
  }
});

it('gives no role above that of the giver, and touches nobody above', async () => {
  await using org = await open('owner', 'admin', 'member', 'owner');
  expect(await org.as(1, 2, 'owner')).toBe(false);
  expect(await org.as(1, 1, 'owner')).toBe(false);
  expect(await org.as(1, 0, 'viewer')).toBe(false);
  expect(await org.as(1, 2, 'admin')).toBe(true);
  expect(await org.as(0, 2, 'owner')).toBe(true);
});

it('lets a member leave, and change nobody', async () => {
  await using org = await open('owner', 'member', 'viewer');
  expect(await org.as(1, 2)).toBe(false);
  expect(await org.as(1, 2, 'viewer')).toBe(false);
  expect(await org.as(1, 1, 'viewer')).toBe(false);
  expect(await org.as(1, 1)).toBe(true);
  expect(await org.roleOf(1)).toBeUndefined();
});

it('refuses an admin who is demoted while the change waits', async () => {
  await using org = await open('owner', 'admin', 'viewer');
  const client = await org.pool.connect();
  await client.query('begin');
  await client.query(
    "update memberships set role = 'viewer' where role = 'admin'",
  );
  const change = org.as(1, 2, 'admin');
  await new Promise((resolve) => setTimeout(resolve, 100));
  await client.query('commit');
  client.release();
  expect(await change).toBe(false);
  expect(await org.roleOf(2)).toBe('viewer');
});
