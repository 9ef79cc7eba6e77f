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
  /** Kept by Postgres: for a statement, a lock, and a pause between them. */
  statementTimeoutMs: 15_000,
  lockTimeoutMs: 5000,
  idleInTransactionTimeoutMs: 15_000,
  /** How long Postgres may be silent: longer than any statement. */
  answerTimeoutMs: 20_000,
  /** When a client that is not released is logged. */
  heldTooLongMs: 30_000,
  /** How long `end` waits for clients in use. */
  endTimeoutMs: 10_000,
  /** After a failover by DNS, the last connection moves by then. */
  maxLifetimeMs: 1_800_000,
};

export type PoolOptions = Partial<typeof DEFAULTS> & {
  connectionString: string;
  /** Who this is, in `pg_stat_activity` and in the log of Postgres. */
  applicationName: string;
  log: { warn: (message: string, details: object) => void };
  /** Through PgBouncer, where the limits of statements are the role's. */
  pgbouncer?: boolean;
  ssl?: PoolConfig['ssl'];
};

// #region create-pool
/** No wait is without a limit. Call `end` when the process stops. */
export function createPool(options: PoolOptions): GuardedPool {
  const all = { ...DEFAULTS, ...options };
  const { connectionString, applicationName, ssl } = all;
  refuseSettingsInUrl(connectionString);
  requireNumbers(all);
  if (!applicationName)
    throw new RangeError('applicationName is empty');
  if (all.answerTimeoutMs <= all.statementTimeoutMs)
    throw new RangeError(
      'answerTimeoutMs must be longer than statementTimeoutMs',
    );
  const limits: PoolConfig = {
    statement_timeout: all.statementTimeoutMs,
    lock_timeout: all.lockTimeoutMs,
    idle_in_transaction_session_timeout: all.idleInTransactionTimeoutMs,
    // Postgres stops the statement of a client that is gone.
    options: '-c client_connection_check_interval=1s',
  };
  const settings: PoolConfig = {
    connectionString,
    application_name: applicationName,
    max: all.max,
    connectionTimeoutMillis: all.connectTimeoutMs,
    maxLifetimeSeconds: all.maxLifetimeMs / 1000,
    keepAlive: true,
    // Without it, Linux sends the first probe after two hours.
    keepAliveInitialDelayMillis: 10_000,
    // PgBouncer refuses them: `unsupported startup parameter`.
    ...(all.pgbouncer ? {} : limits),
    ...(ssl === undefined ? {} : { ssl }),
  };
  return new GuardedPool(settings, all);
}
// #endregion create-pool

const IN_URL =
  /[?&](application_name|options|query_timeout|(statement|lock|idle_in_transaction_session)_timeout)=/;

/** pg prefers what the URL says, and would drop a limit without a word. */
function refuseSettingsInUrl(connectionString: string) {
  const setting = IN_URL.exec(connectionString)?.[1];
  if (setting)
    throw new RangeError(
      `the URL of the database sets ${setting}: use the options of createPool`,
    );
}

const DAY_MS = 86_400_000;

/** pg and Postgres take 0 for no limit, and Node a huge number for 1 ms. */
function requireNumbers(options: object) {
  for (const [name, value] of Object.entries(options))
    if (
      name in DEFAULTS &&
      !(Number.isInteger(value) && value >= 1 && value <= DAY_MS)
    )
      throw new RangeError(
        `${name} must be an integer from 1 to ${DAY_MS}`,
      );
}
