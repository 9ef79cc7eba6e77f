import { freshDatabase } from '@touchstone/kit/postgres/database';
import { untilWaiting } from '@touchstone/kit/postgres/locks';
import { expect, it } from 'vitest';
import { fillUsers } from './fill-users.ts';
import { createNaiveMigration } from './naive.ts';
import { SCHEMA } from './test-app.ts';
import { ask, openReport } from './test-sessions.ts';

it('shows how the naive way fails: readers queue behind it, and the old version breaks', async () => {
  await using database = await freshDatabase({ schema: SCHEMA });
  const { pool } = database;
  await fillUsers(pool, 10);
  await using report = await openReport(pool);
  const migrated = createNaiveMigration({ pool }).migrate();
  await untilWaiting(pool);

  const read = ask(
    pool,
    'set statement_timeout = 200; select full_name from users',
  );

  await expect(read).rejects.toMatchObject({ code: '57014' });
  await report.end();
  await migrated;
  await expect(
    ask(pool, 'select full_name from users'),
  ).rejects.toMatchObject({ code: '42703' });
});
