import { openPool } from '@touchstone/kit/postgres/database';
import { countWaiting } from '@touchstone/kit/postgres/locks';
import { startPgBouncer } from '@touchstone/kit/postgres/pgbouncer';
import { waitUntil } from '@touchstone/kit/time/wait';
import { expect, it } from 'vitest';
import { takeLock } from './advisory-lock.ts';
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
  const options = { lockTimeoutMs: 100 };
  await inTransaction(database.pool, options, (tx) =>
    takeLock(tx, name),
  );
  expect(await readCents(database.pool, 'ana')).toBe(10_001);
});

it('stops what an aborted transaction waits for, through PgBouncer too', async () => {
  await using database = await startAccounts();
  await using bouncer = await startPgBouncer({
    databaseUrl: database.url,
    poolSize: 1,
  });
  await using far = openPool(bouncer.url, { max: 1 });
  const rival = await database.pool.connect();
  await rival.query('begin');
  await addCents(rival, 'ana', 1);
  const controller = new AbortController();
  const { signal } = controller;

  const outcome = inTransaction(far.pool, { signal }, (tx) =>
    addCents(tx, 'ana', 2),
  );
  await waitUntil(
    'it waits for the row',
    async () => (await countWaiting(database.pool)) === 1,
  );
  const reason = new Error('the client hung up');
  controller.abort(reason);
  await expect(outcome).rejects.toBe(reason);
  // The rival holds the row all the time.
  await waitUntil(
    'its backend is gone',
    async () => (await countWaiting(database.pool)) === 0,
  );

  await rival.query('rollback');
  rival.release();
});
