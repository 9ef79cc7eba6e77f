import type {
  Pool,
  PoolClient,
  QueryConfig,
  QueryResult,
  QueryResultRow,
} from 'pg';
import type { Queryable } from './queryable.ts';
import { TransactionError } from './transaction-error.ts';

/** One transaction on one connection, which `close` or `fail` gives back. */
export type TransactionSession = ReturnType<typeof createSession>;

/** Takes a connection from the pool, and stops waiting for it at the signal. */
export async function openSession(
  pool: Pool,
  limit: AbortSignal,
): Promise<TransactionSession> {
  limit.throwIfAborted();
  const connecting = pool.connect();
  try {
    return createSession(await unlessAborted(limit, connecting), limit);
  } catch (error) {
    // It may still arrive: the pool must get it back.
    connecting.then((client) => client.release(), ignore);
    throw error;
  }
}

function createSession(client: PoolClient, limit: AbortSignal) {
  const stop = new AbortController();
  const abort = () => stop.abort(limit.reason);
  const breakOff = (error: Error) => stop.abort(error);
  limit.addEventListener('abort', abort);
  // Without a listener, a connection that breaks ends the process.
  client.on('error', breakOff);

  let isOpen = true;
  let isCommitting = false;
  let waiting = 0;
  let lastAnswer: Promise<unknown> = Promise.resolve();
  let failure: unknown;

  // #region one-at-a-time
  /** Sends one query at a time: pg 9 refuses the second. */
  function query<Row extends QueryResultRow>(
    statement: string | QueryConfig<unknown[]>,
    values?: unknown[],
  ): Promise<QueryResult<Row>> {
    waiting += 1;
    const answer = lastAnswer.then(() => send<Row>(statement, values));
    lastAnswer = note(answer).finally(() => {
      waiting -= 1;
    });
    return answer;
  }

  async function send<Row extends QueryResultRow>(
    statement: string | QueryConfig<unknown[]>,
    values?: unknown[],
  ): Promise<QueryResult<Row>> {
    // The connection may serve another transaction by now.
    if (!isOpen) throw new TransactionError('ended');
    const result = await client.query<Row>(statement, values);
    if (client.getTransactionStatus() === 'I') endedByWork();
    failure = undefined; // a savepoint may have undone it
    return result;
  }
  // #endregion one-at-a-time

  function endedByWork(): never {
    isOpen = false;
    throw new TransactionError('ended_by_work');
  }

  /** Remembers what failed the transaction: the work may swallow it. */
  function note(answer: Promise<unknown>): Promise<unknown> {
    return answer.catch((error) => {
      failure ??= error;
    });
  }

  /** Settles as the promise does, or rejects when the transaction must stop. */
  function unlessStopped<T>(promise: Promise<T>): Promise<T> {
    return unlessAborted(stop.signal, promise);
  }

  async function begin(statement: string) {
    await unlessStopped(client.query(statement));
  }

  // #region commit
  async function commit() {
    if (waiting > 0) throw new TransactionError('not_awaited', failure);
    if (!isOpen) throw failure;
    isOpen = false;
    isCommitting = true;
    const answer = client.query('commit');
    note(answer);
    const { command } = await unlessStopped(answer);
    // Postgres answers so, without an error, when a statement failed.
    if (command === 'ROLLBACK')
      throw new TransactionError('rolled_back', failure);
    close(true);
  }
  // #endregion commit

  // #region give-back
  /** Rolls back, gives the connection back, and says what to throw. */
  async function fail(error: unknown): Promise<unknown> {
    isOpen = false;
    const isClean = await rollBack();
    close(isClean);
    return isCommitting && !isClean
      ? new TransactionError('outcome_unknown', error)
      : error;
  }

  async function rollBack(): Promise<boolean> {
    if (waiting > 0) return false;
    try {
      await unlessStopped(client.query('rollback'));
      return true;
    } catch {
      return false;
    }
  }

  /** A connection that may be in a transaction is closed instead. */
  function close(isClean: boolean) {
    client.off('error', breakOff);
    client.release(!isClean);
    // A frozen server would never answer the goodbye.
    if (!isClean) client.connection.stream.destroy();
  }
  // #endregion give-back

  const tx: Queryable = { query };
  const { signal } = stop;
  const isActive = () => isOpen;
  const failedBy = () => failure;
  return {
    tx,
    signal,
    begin,
    unlessStopped,
    commit,
    fail,
    isActive,
    failedBy,
  };
}

/** Settles as the promise does, or rejects with the signal's reason; the signal is one transaction's. */
export function unlessAborted<T>(
  signal: AbortSignal,
  promise: Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop);
    promise.then(resolve, reject);
  });
}

function ignore() {}
