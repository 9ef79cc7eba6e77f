import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { DatabaseError, type Pool } from 'pg';
import type { Queryable } from './queryable.ts';
import { TransactionError } from './transaction-error.ts';
import {
  openSession,
  type TransactionSession,
  unlessAborted,
} from './transaction-session.ts';

/** How often the work may run, unless the caller says. */
const ATTEMPTS = {
  'read committed': 1,
  'repeatable read': 5,
  serializable: 5,
};

export type TransactionOptions = {
  /** Default: read committed. */
  isolation?: keyof typeof ATTEMPTS | undefined;
  readOnly?: boolean | undefined;
  /** How often the work may run when it collides with others, at most 100. Default: 1 at read committed, else 5. */
  attempts?: number | undefined;
  /** For the whole: the wait for a connection and all attempts. Default: 15 seconds. */
  timeLimitMs?: number | undefined;
  /** How long a statement may wait for a lock. Default: 5 seconds. */
  lockTimeoutMs?: number | undefined;
  /** Rolls back and rejects with its reason. */
  signal?: AbortSignal | undefined;
  log?:
    | { warn: (message: string, details: object) => void }
    | undefined;
};

/** Runs inside the transaction; its signal is aborted when the transaction ends, however it ends. */
export type Work<T> = (
  tx: Queryable,
  signal: AbortSignal,
) => Promise<T>;

type Settings = ReturnType<typeof readOptions>;

type Run<T> = Settings & {
  pool: Pool;
  work: Work<T>;
  limit: AbortSignal;
};

type Open = { pool: Pool; session: TransactionSession };

const openTransactions = new AsyncLocalStorage<Open[]>();

/** Commits all that the work did, or rejects and nothing is done; see `attempts` for when it runs the work again. */
export async function inTransaction<T>(
  pool: Pool,
  ...rest:
    | [work: Work<T>]
    | [options: TransactionOptions | undefined, work: Work<T>]
): Promise<T> {
  const [options, work] = rest.length === 1 ? [{}, rest[0]] : rest;
  const settings = readOptions(options);
  refuseNested(pool);
  const limit = startLimit(settings);
  try {
    const { signal } = limit;
    return await retry({ ...settings, pool, work, limit: signal });
  } finally {
    limit.end();
  }
}

// #region retry
async function retry<T>(run: Run<T>): Promise<T> {
  const { pool, limit, attempts, log } = run;
  for (let attempt = 1; ; attempt += 1) {
    const session = await openSession(pool, limit);
    try {
      return await runOnce(session, run);
    } catch (thrown) {
      const error = await session.fail(thrown);
      if (attempt >= attempts || !hasCollided(session)) throw error;
      // Full jitter: those that collided do not meet again.
      const pauseMs = Math.random() * Math.min(320, 10 * 2 ** attempt);
      log?.warn('transaction is retried', { attempt, pauseMs, error });
      await unlessAborted(limit, pause(pauseMs));
    }
  }
}

/** Serialization failure or deadlock: this one had to give way. */
function hasCollided({ failedBy }: TransactionSession): boolean {
  const failure = failedBy();
  return (
    failure instanceof DatabaseError &&
    (failure.code === '40001' || failure.code === '40P01')
  );
}
// #endregion retry

async function runOnce<T>(
  session: TransactionSession,
  { pool, begin, work }: Run<T>,
): Promise<T> {
  const { tx, signal } = session;
  const open = [...listOpen(), { pool, session }];
  await session.begin(begin);
  const working = openTransactions.run(open, () => work(tx, signal));
  const result = await session.unlessStopped(working);
  await session.commit();
  return result;
}

// #region refuse-nested
/** Those that this call runs inside; what has ended is let go of. */
function listOpen(): Open[] {
  const open = openTransactions.getStore() ?? [];
  return open.filter(({ session }) => session.isActive());
}

/** Tasks that hold a connection and wait for a second one can empty the pool and wait for ever. */
function refuseNested(pool: Pool) {
  if (listOpen().some((open) => open.pool === pool))
    throw new TransactionError('nested');
}
// #endregion refuse-nested

// #region limits
function readOptions(options: TransactionOptions = {}) {
  const { isolation = 'read committed', readOnly = false } = options;
  const { timeLimitMs = 15_000, lockTimeoutMs = 5000 } = options;
  const { attempts = ATTEMPTS[isolation], signal, log } = options;
  if (!Object.hasOwn(ATTEMPTS, isolation))
    throw new TypeError(`${isolation} is not an isolation level`);
  requireCount({ attempts }, 100);
  requireCount({ timeLimitMs, lockTimeoutMs }, DAY_MS);
  // Later than ours: for when this process is frozen or cut off.
  const serverLimitMs = timeLimitMs + 5000;
  // The last one frees the locks of a client that is gone.
  const begin = `
    begin isolation level ${isolation} ${readOnly ? 'read only' : ''};
    set local lock_timeout = ${lockTimeoutMs};
    set local statement_timeout = ${serverLimitMs};
    set local idle_in_transaction_session_timeout = ${serverLimitMs};
    set local client_connection_check_interval = 1000`;
  return { begin, attempts, timeLimitMs, signal, log };
}

const DAY_MS = 86_400_000;

/** Postgres takes 0 for no limit, and Node a huge number for 1 ms. */
function requireCount(numbers: Record<string, number>, most: number) {
  for (const [name, value] of Object.entries(numbers))
    if (!Number.isInteger(value) || value < 1 || value > most)
      throw new RangeError(
        `${name} must be an integer from 1 to ${most}`,
      );
}

function startLimit(settings: Settings) {
  const { timeLimitMs, signal: outer } = settings;
  const controller = new AbortController();
  const abort = () => controller.abort(outer?.reason);
  const timer = setTimeout(() => {
    controller.abort(new TransactionError('timed_out'));
  }, timeLimitMs);
  outer?.addEventListener('abort', abort);
  if (outer?.aborted) abort();

  function end() {
    clearTimeout(timer);
    outer?.removeEventListener('abort', abort);
  }

  return { signal: controller.signal, end };
}
// #endregion limits
