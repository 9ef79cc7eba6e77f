import { Kysely, PostgresDialect, sql } from 'kysely';
import { expect, it } from 'vitest';
import { startDatabase, startPool } from './test-pool.ts';

it('works below Kysely, which keeps one connection over failed statements and transactions', async () => {
  await using database = await startDatabase();
  const { pool, lines } = startPool(database.url, { max: 1 });
  const kysely = new Kysely<object>({
    dialect: new PostgresDialect({ pool }),
  });
  const readPid = async () => {
    const { rows } = await sql`select pg_backend_pid()`.execute(kysely);
    return rows[0];
  };
  const pid = await readPid();

  const failing = sql`select 1 / 0`.execute(kysely);
  await expect(failing).rejects.toMatchObject({ code: '22012' });
  const undone = kysely
    .transaction()
    .execute((trx) => sql`select 1 / 0`.execute(trx));
  await expect(undone).rejects.toMatchObject({ code: '22012' });

  expect(await readPid()).toEqual(pid);
  await kysely.destroy();
  expect(pool.totalCount).toBe(0);
  expect(lines).toEqual([]);
});
