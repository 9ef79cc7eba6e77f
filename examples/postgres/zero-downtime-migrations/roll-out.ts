import type { Pool } from 'pg';
import type { VersionName } from './app-version.ts';
import { START } from './migration.ts';
import type { createMigrator } from './migrator.ts';

type RollOut = {
  pool: Pool;
  running: Set<VersionName>;
  migrator: Pick<ReturnType<typeof createMigrator>, 'moveTo'>;
};

const EXPANDED = '0001-expand-names';
const BEFORE_CONTRACT = '0007-restore-full-names';

/** Expands, starts the new version beside the old, and goes on until only the contract is left. */
export async function rollOut({ pool, running, migrator }: RollOut) {
  if ((await countApplied(pool)) === 0) await migrator.moveTo(EXPANDED);
  running.add('new');
  await migrator.moveTo(BEFORE_CONTRACT);
}

/** Goes back, all the way, after a roll-out that ended. */
export async function rollBack({ running, migrator }: RollOut) {
  await migrator.moveTo('0006-index-family-names');
  running.add('old');
  await migrator.moveTo(EXPANDED);
  running.delete('new');
  await migrator.moveTo(START);
}

/** Whether a roll-out has ended, with its contract or before it. */
export async function isRolledOut(pool: Pool): Promise<boolean> {
  return (await countApplied(pool)) >= 7;
}

/** Gives the old version users, where it has none. */
export async function fillUsers(pool: Pool, users: number) {
  if ((await countApplied(pool)) > 0) return;
  await pool.query(
    `insert into users (full_name)
     select 'Given' || n || ' Family' || n % 10000
     from generate_series(1, $1::int) n
     where not exists (select from users)`,
    [users],
  );
  await pool.query('analyze users');
}

async function countApplied(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    'select count(*)::int as count from migrations',
  );
  return rows[0]?.count ?? 0;
}
