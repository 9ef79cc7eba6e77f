import type { GuardedPool } from './guarded-pool.ts';

type Found = {
  unlimited: string[];
  statement_ms: number;
  room: number;
};

// #region check-pool
/** Throws at the start what would else go wrong under load. */
export async function checkPool(
  pool: GuardedPool,
  /** All that connect with this role, those of a deployment twice; none through PgBouncer. */
  { processes = 0 }: { processes?: number } = {},
): Promise<void> {
  const { unlimited, statement_ms, room } = await readServer(pool);
  if (unlimited.length > 0)
    throw new RangeError(
      `${unlimited.join()} not in force: use alter role … set`,
    );
  if (statement_ms >= pool.answerTimeoutMs)
    throw new RangeError(
      `answerTimeoutMs must be longer than ${statement_ms}, the statement_timeout in force`,
    );
  const wanted = processes * pool.options.max;
  // So that NaN does not pass.
  if (!(wanted <= room))
    throw new RangeError(
      `${processes} processes with ${pool.options.max} connections each: Postgres has room for ${room}`,
    );
}

async function readServer(pool: GuardedPool): Promise<Found> {
  const { rows } = await pool.query<Found>(
    `select
       array(
         select name
         from pg_settings
         where name in ('statement_timeout', 'lock_timeout',
             'idle_in_transaction_session_timeout')
           and setting = '0'
       ) as unlimited,
       (select setting::int
         from pg_settings
         where name = 'statement_timeout') as statement_ms,
       least(
         current_setting('max_connections')::int
           - current_setting('superuser_reserved_connections')::int
           - current_setting('reserved_connections')::int,
         nullif(rolconnlimit, -1),
         nullif(datconnlimit, -1)
       ) as room
     from pg_roles
     cross join pg_database
     where rolname = session_user
       and datname = current_database()`,
  );
  const [found] = rows;
  if (!found) throw new Error('Postgres says nothing of this role');
  return found;
}
// #endregion check-pool
