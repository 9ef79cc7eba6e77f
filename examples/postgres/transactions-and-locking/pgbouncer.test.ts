import { startPgBouncer } from '@touchstone/kit/pgbouncer';
import { openPool } from '@touchstone/kit/postgres';
import { expect, it } from 'vitest';
import { takeLock, tryLock } from './advisory-lock.ts';
import { inTransaction } from './in-transaction.ts';
import { addCents, readCents, startAccounts } from './test-accounts.ts';

it('leaves no limit and no lock behind in PgBouncer, whose clients share one connection', async () => {
  await using database = await startAccounts();
  await using bouncer = await startPgBouncer({
    databaseUrl: database.url,
    poolSize: 1,
  });
  await using first = openPool(bouncer.url, { max: 1 });
  await using second = openPool(bouncer.url, { max: 1 });
  const name = { purpose: 'report', key: '42' };
  const { rows: before } = await second.pool.query(
    'show statement_timeout',
  );

  await inTransaction(first.pool, async (tx) => {
    await takeLock(tx, name);
    await addCents(tx, 'ana', 1);
  });

  const { rows } = await second.pool.query('show statement_timeout');
  expect(rows).toEqual(before);
  const isFree = inTransaction(database.pool, (tx) =>
    tryLock(tx, name),
  );
  expect(await isFree).toBe(true);
  expect(await readCents(database.pool, 'ana')).toBe(10_001);
});
