import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { Queryable } from './queryable.ts';
import { TransactionError } from './transaction-error.ts';
import {
  openSession,
  type TransactionSession,
  unlessAborted,
} from './transaction-session.ts';

export type TransactionOptions = {
  /** Default: read committed. */
  isolation?: 'read committed' | 'repeatable read' | 'serializable';
  readOnly?: boolean;
  /** How often the work may run when it collides with others. Default: 1 at read committed, else 5. */
  attempts?: number;
  /** For the whole: the wait for a connection and all attempts. Default: 15 seconds. */
  timeLimitMs?: number;
  /** How long a statement may wait for a lock. Default: 5 seconds. */
  lockTimeoutMs?: number;
  /** Rolls back and rejects with its reason. */
  signal?: AbortSignal | undefined;
  log?: { warn: (message: string, details: object) => void };
};

/** Runs inside the transaction; its signal is aborted when nothing it does counts any more. */
export type Work<T> = (
  tx: Queryable,
  signal: AbortSignal,
) => Promise<T>;

type Settings = ReturnType<typeof readOptions>;
type Limit = ReturnType<typeof startLimit>;

type Open = {
  pool: Pool;
  session: TransactionSession;
  outer: Open | undefined;
};

const openTransactions = new AsyncLocalStorage<Open>();

/** Commits all that the work did, or rejects and nothing is done; see `attempts` for when it runs the work again. */
export async function inTransaction<T>(
  pool: Pool,
  ...rest:
    | [work: Work<T>]
    | [options: TransactionOptions, work: Work<T>]
): Promise<T> {
  const [options, work] = rest.length === 1 ? [{}, rest[0]] : rest;
  const settings = readOptions(options);
  refuseNested(pool);
  const limit = startLimit(settings);
  try {
    return await retry(pool, { settings, limit, work });
  } finally {
    limit.end();
  }
}

type Run<T> = { settings: Settings; limit: Limit; work: Work<T> };

// #region retry
async function retry<T>(pool: Pool, run: Run<T>): Promise<T> {
  const { settings, limit } = run;
  for (let attempt = 1; ; attempt += 1) {
    const session = await openSession(pool, limit.signal);
    try {
      return await runOnce(pool, session, run);
    } catch (thrown) {
      const error = await session.fail(thrown);
      if (attempt >= settings.attempts || !hasCollided(session))
        throw error;
      // Full jitter: those that collided do not meet again.
      const pauseMs = Math.random() * 10 * 2 ** attempt;
      settings.log?.warn('transaction is retried', {
        attempt,
        pauseMs,
        error,
      });
      await unlessAborted(limit.signal, pause(pauseMs));
    }
  }
}

/** Serialization failure or deadlock: this one had to give way. */
function hasCollided({ failedBy }: TransactionSession): boolean {
  const failure = failedBy();
  return (
    failure instanceof Error &&
    'code' in failure &&
    (failure.code === '40001' || failure.code === '40P01')
  );
}
// #endregion retry

async function runOnce<T>(
  pool: Pool,
  session: TransactionSession,
  { settings, work }: Run<T>,
): Promise<T> {
  const { tx, signal } = session;
  const outer = openTransactions.getStore();
  await session.begin(settings.begin);
  const working = openTransactions.run({ pool, session, outer }, () =>
    work(tx, signal),
  );
  const result = await session.unlessStopped(working);
  await session.commit();
  return result;
}

// #region refuse-nested
/** Tasks that hold a connection and wait for a second one can empty the pool and wait for ever. */
function refuseNested(pool: Pool) {
  let open = openTransactions.getStore();
  for (; open; open = open.outer)
    if (open.pool === pool && open.session.isActive())
      throw new TransactionError('nested');
}
// #endregion refuse-nested

// #region limits
const ISOLATIONS = [
  'read committed',
  'repeatable read',
  'serializable',
];

function readOptions(options: TransactionOptions) {
  const { isolation = 'read committed', readOnly = false } = options;
  const { timeLimitMs = 15_000, lockTimeoutMs = 5000 } = options;
  const { attempts = isolation === 'read committed' ? 1 : 5 } = options;
  if (!ISOLATIONS.includes(isolation))
    throw new TypeError(`${isolation} is not an isolation level`);
  requireCount({ attempts, timeLimitMs, lockTimeoutMs });
  // Later than ours: for when this process is frozen or cut off.
  const serverLimitMs = timeLimitMs + 5000;
  const begin = `
    begin isolation level ${isolation} ${readOnly ? 'read only' : ''};
    set local lock_timeout = ${lockTimeoutMs};
    set local statement_timeout = ${serverLimitMs};
    set local idle_in_transaction_session_timeout = ${serverLimitMs}`;
  const { signal, log } = options;
  return { begin, attempts, timeLimitMs, signal, log };
}

const DAY_MS = 86_400_000;

/** Postgres takes 0 for no limit, and Node a huge number for 1 ms. */
function requireCount(numbers: Record<string, number>) {
  for (const [name, value] of Object.entries(numbers))
    if (!Number.isInteger(value) || value < 1 || value > DAY_MS)
      throw new RangeError(
        `${name} must be an integer from 1 to 86400000`,
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
