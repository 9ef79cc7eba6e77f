import type { GuardedPool } from './guarded-pool.ts';

type Server = {
  unlimited: string[] | null;
  statement_ms: number;
  room: number;
};

// #region check-pool
/** Throws at the start what would else go wrong under load. */
export async function checkPool(
  pool: GuardedPool,
  /** What all pools with this role may open together, those of a deployment twice; 0 through PgBouncer. */
  { connections }: { connections: number },
): Promise<void> {
  const { rows } = await pool.query<Server>(
    `select
       array_agg(name) filter (where setting = '0') as unlimited,
       max(setting::int) filter (where name = 'statement_timeout')
         as statement_ms,
       (select least(
           current_setting('max_connections')::int
             - current_setting('superuser_reserved_connections')::int
             - coalesce(
               current_setting('reserved_connections', true), '0')::int,
           nullif(rolconnlimit, -1),
           nullif(datconnlimit, -1)
         )
         from pg_roles
         cross join pg_database
         where rolname = session_user
           and datname = current_database()) as room
     from pg_settings
     where name in ('statement_timeout', 'lock_timeout',
       'idle_in_transaction_session_timeout',
       'client_connection_check_interval')`,
  );
  for (const { unlimited, statement_ms, room } of rows) {
    if (unlimited)
      throw new RangeError(
        `${unlimited.join()} not in force: use alter role … set`,
      );
    if (statement_ms >= pool.answerTimeoutMs)
      throw new RangeError(
        `answerTimeoutMs must be longer than ${statement_ms}, the statement_timeout in force`,
      );
    // So that NaN does not pass.
    if (!(connections <= room))
      throw new RangeError(
        `${connections} connections may be opened: Postgres has room for ${room}`,
      );
  }
}
// #endregion check-pool
