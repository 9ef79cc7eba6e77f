import type { PoolConfig } from 'pg';
import { GuardedPool } from './guarded-pool.ts';

/** What a pool has that is not told otherwise. */
export const DEFAULTS = {
  /** How many connections this process opens at most. */
  max: 10,
  /** How many callers may wait when all are in use. */
  maxWaiting: 100,
  /** For a connection: the wait in the queue, and connecting. */
  connectTimeoutMs: 5000,
  /** Kept by Postgres: for a statement, and a pause in a transaction. */
  statementTimeoutMs: 15_000,
  lockTimeoutMs: 5000,
  /** How long Postgres may be silent: longer than any statement. */
  answerTimeoutMs: 20_000,
  /** When a client that is not released is logged. */
  heldTooLongMs: 30_000,
  /** How long `end` waits for clients in use. */
  endTimeoutMs: 10_000,
};

export type PoolOptions = Partial<typeof DEFAULTS> & {
  /** With `sslmode=verify-full`, unless the database is on this machine. */
  connectionString: string;
  /** Who this is, in `pg_stat_activity` and in the log of Postgres. */
  applicationName: string;
  log: { warn: (message: string, details: object) => void };
  /** Through PgBouncer, where the limits of statements are the role's. */
  pgbouncer?: boolean;
};

// #region create-pool
/** No wait is without a limit. Call `end` when the process stops. */
export function createPool(options: PoolOptions): GuardedPool {
  const all = { ...DEFAULTS, ...options };
  requireOptions(all);
  // Of these, PgBouncer says `unsupported startup parameter`.
  const limits: PoolConfig = {
    statement_timeout: all.statementTimeoutMs,
    lock_timeout: all.lockTimeoutMs,
    idle_in_transaction_session_timeout: all.statementTimeoutMs,
    // Postgres stops the statement of a client that is gone.
    options: '-c client_connection_check_interval=1s',
  };
  const settings: PoolConfig = {
    ...(all.pgbouncer ? {} : limits),
    connectionString: all.connectionString,
    application_name: all.applicationName,
    max: all.max,
    connectionTimeoutMillis: all.connectTimeoutMs,
    // After a failover by DNS, the last connection moves by then.
    maxLifetimeSeconds: 1800,
    keepAlive: true,
    // Without it, Linux sends the first probe after two hours.
    keepAliveInitialDelayMillis: 10_000,
  };
  return new GuardedPool(settings, all);
}
// #endregion create-pool

const DAY_MS = 86_400_000;

/** pg and Postgres take 0 for no limit, and Node a huge number for 1 ms. */
function requireOptions(options: PoolOptions & typeof DEFAULTS) {
  const all: Record<string, unknown> = options;
  for (const name of ['connectionString', 'applicationName'])
    if (!all[name]) throw new RangeError(`${name} is empty`);
  for (const name of Object.keys(DEFAULTS)) {
    const value = Number.isInteger(all[name]) ? Number(all[name]) : 0;
    if (value < 1 || value > DAY_MS)
      throw new RangeError(
        `${name} must be an integer from 1 to ${DAY_MS}`,
      );
  }
  if (options.answerTimeoutMs <= options.statementTimeoutMs)
    throw new RangeError(
      'answerTimeoutMs must be longer than statementTimeoutMs',
    );
}
