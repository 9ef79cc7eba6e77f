import { openPool } from '@touchstone/kit/postgres/database';
import { waitUntil } from '@touchstone/kit/time/wait';
import { Kysely, PostgresDialect, sql } from 'kysely';
import type { PoolClient } from 'pg';
import { expect, it } from 'vitest';
import { inTransaction } from './in-transaction.ts';
import { startAccounts } from './test-accounts.ts';

async function startKysely() {
  const database = await startAccounts();
  const one = openPool(database.url, { max: 1 });
  const { pool } = one;
  const kysely = new Kysely<object>({
    dialect: new PostgresDialect({ pool }),
  });

  async function stop() {
    await one[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  }
  return { kysely, pool, [Symbol.asyncDispose]: stop };
}

it('checks the answer to COMMIT, as Kysely does', async () => {
  await using here = await startKysely();

  const theirs = here.kysely.transaction().execute(async (trx) => {
    await sql`select 1 / 0`.execute(trx).catch(() => {});
  });
  await expect(theirs).rejects.toThrow(/rolled back/);

  const ours = inTransaction(here.pool, async (tx) => {
    await tx.query('select 1 / 0').catch(() => {});
  });
  await expect(ours).rejects.toMatchObject({ code: 'rolled_back' });
});

it('listens for the end of the connection; Kysely does not, and the process would end', async () => {
  await using here = await startKysely();
  const clients: PoolClient[] = [];
  here.pool.on('acquire', (client) => clients.push(client));
  const count = () => clients.at(-1)?.listenerCount('error');

  expect(
    await here.kysely.transaction().execute(async () => count()),
  ).toBe(0);
  expect(await inTransaction(here.pool, async () => count())).toBe(1);
});

it('refuses what makes Kysely wait for ever: a second transaction on a pool of one', async () => {
  await using here = await startKysely();
  const { kysely, pool } = here;
  const release = Promise.withResolvers<void>();

  const theirs = kysely.transaction().execute(async () => {
    const inner = kysely.transaction().execute(async () => 'in');
    await release.promise;
    return { inner };
  });
  await waitUntil('the inner one waits', () => pool.waitingCount === 1);
  release.resolve();
  expect(await (await theirs).inner).toBe('in');

  const ours = inTransaction(pool, () =>
    inTransaction(pool, async () => 'in'),
  );
  await expect(ours).rejects.toMatchObject({ code: 'nested' });
});
