import {
  DatabaseError,
  type Pool,
  type PoolClient,
  type QueryResult,
  type QueryResultRow,
} from 'pg';
import type { Queryable, Statement } from './queryable.ts';
import { TransactionError } from './transaction-error.ts';

/** One transaction on one connection, which `commit` or `fail` gives back. */
export type TransactionSession = ReturnType<typeof createSession>;

/** Takes a connection from the pool, and stops waiting for it at the signal. */
export async function openSession(
  pool: Pool,
  limit: AbortSignal,
): Promise<TransactionSession> {
  limit.throwIfAborted();
  const connecting = pool.connect();
  try {
    const client = await unlessAborted(limit, connecting);
    // A signal that is aborted by now would tell a listener nothing.
    limit.throwIfAborted();
    if (typeof client.getTransactionStatus !== 'function')
      throw new TypeError('inTransaction needs pg 8.21 or newer');
    return createSession(client, limit);
  } catch (error) {
    // It may still arrive: the pool must get it back.
    connecting.then((client) => client.release(), ignore);
    throw error;
  }
}

function createSession(client: PoolClient, limit: AbortSignal) {
  const db: Queryable = client;
  const stop = new AbortController();
  const { signal } = stop;
  const breakOff = (error: unknown) => stop.abort(error);
  limit.addEventListener('abort', () => stop.abort(limit.reason));
  // Without a listener, a connection that breaks ends the process.
  client.on('error', breakOff);

  let isOpen = true;
  let isCommitting = false;
  let waiting = 0;
  let lastAnswer = Promise.resolve();
  let failure: unknown;

  // #region one-at-a-time
  /** Sends one query at a time: pg 9 refuses the second. */
  function query<Row extends QueryResultRow>(
    statement: string | Statement,
    values?: readonly unknown[],
  ): Promise<QueryResult<Row>> {
    waiting += 1;
    const answer = lastAnswer.then(() => send<Row>(statement, values));
    lastAnswer = note(answer).then(() => {
      waiting -= 1;
    });
    return answer;
  }

  async function send<Row extends QueryResultRow>(
    statement: string | Statement,
    values?: readonly unknown[],
  ): Promise<QueryResult<Row>> {
    // The connection may serve another transaction by now.
    if (!isOpen) throw new TransactionError('ended');
    refuseEnded();
    const result = await ask<Row>(statement, values);
    refuseEnded();
    // A savepoint may have undone it; an empty query undoes nothing.
    if (client.getTransactionStatus() === 'T') failure = undefined;
    return result;
  }
  // #endregion one-at-a-time

  /** An error that is not an answer of Postgres says nothing of what it did: the session is broken. */
  const ask: Queryable['query'] = async (statement, values) => {
    try {
      return await db.query(statement, values);
    } catch (error) {
      if (!(error instanceof DatabaseError)) breakOff(error);
      // The state that an error leaves behind is told after it.
      else await db.query('').catch(() => breakOff(error));
      throw error;
    }
  };

  function refuseEnded() {
    if (client.getTransactionStatus() !== 'I') return;
    isOpen = false;
    failure = new TransactionError('ended_by_work', failure);
    throw failure;
  }

  /** Remembers what failed the transaction: the work may swallow it. */
  function note(answer: Promise<unknown>): Promise<void> {
    return answer.then(ignore, (error) => {
      failure ??= error;
    });
  }

  /** Settles as the promise does, or rejects when the transaction must stop. */
  function unlessStopped<T>(promise: Promise<T>): Promise<T> {
    return unlessAborted(signal, promise);
  }

  /** A connection on which it fails is closed: what it has begun is unknown. */
  async function begin(statement: string) {
    const answer = db.query(statement);
    answer.catch(breakOff);
    await unlessStopped(answer);
  }

  // #region commit
  async function commit() {
    if (waiting > 0) throw new TransactionError('not_awaited', failure);
    if (!isOpen) throw failure;
    refuseEnded();
    signal.throwIfAborted();
    isOpen = false;
    isCommitting = true;
    const answer = ask('commit');
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
    // The server may be busy with what nobody waits for.
    if (waiting > 0 || signal.aborted) return false;
    if (client.getTransactionStatus() === 'I') return true;
    try {
      await unlessStopped(db.query('rollback'));
      return true;
    } catch {
      return false;
    }
  }

  /** A connection that may be in a transaction is closed instead. */
  function close(isClean: boolean) {
    client.off('error', breakOff);
    breakOff(new TransactionError('ended'));
    client.release(!isClean);
    // A frozen server would never answer the goodbye.
    if (!isClean) client.connection.stream.destroy();
  }
  // #endregion give-back

  const tx: Queryable = { query };
  return {
    tx,
    signal,
    begin,
    unlessStopped,
    commit,
    fail,
    isActive: () => isOpen,
    failedBy: () => failure,
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
