import type { Pool } from 'pg';

/** Gives the old release users, where the table has none. */
export async function fillUsers(pool: Pool, users: number) {
  await pool.query(
    `insert into users (full_name)
     select 'Given' || n || ' Family' || n % 10000
     from generate_series(1, $1::int) n
     where not exists (select from users)`,
    [users],
  );
  await pool.query('analyze users');
}
