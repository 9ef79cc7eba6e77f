import { setTimeout as pause } from 'node:timers/promises';
import { DatabaseError, type Pool } from 'pg';
import { insertReadings, type Reading } from './insert-readings.ts';

/** `refused` is what no retry would change: the database says no to the value. */
export type Outcome = 'kept' | 'revoked' | 'refused';

/** No room: it is to be sent again later. */
export class OverloadedError extends Error {
  override readonly name = 'OverloadedError';
  override readonly message = 'Send it again later';
  readonly code = 'overloaded';
}

/** What the store needs; `maxWaiting` readings are all that it holds in memory. */
export type ReadingStoreOptions = {
  pool: Pool;
  log: { warn: (message: string, details: object) => void };
  maxBatch?: number;
  maxWaiting?: number;
  retrySeconds?: number;
};

/** Commits readings in batches, each reading once. */
export function createReadingStore(options: ReadingStoreOptions) {
  const { pool, log, retrySeconds = 1 } = options;
  const { maxBatch = 1000, maxWaiting = 10_000 } = options;
  const counts = { stored: 0, duplicates: 0, waiting: 0 };
  const queue: Waiting[] = [];
  const stopping = new AbortController();
  let working: Promise<void> | undefined;

  // #region add
  /** Resolves once the reading is committed, and no sooner. */
  async function add(reading: Reading): Promise<Outcome> {
    if (counts.waiting >= maxWaiting) throw new OverloadedError();
    counts.waiting++;
    const waiting = { reading, ...Promise.withResolvers<Outcome>() };
    queue.push(waiting);
    // While one batch is committed, the next one fills: the busier it
    // is, the larger the batch, and no reading waits for a timer.
    working ??= work();
    return waiting.promise;
  }

  async function work() {
    while (queue.length > 0) {
      const batch = queue.splice(0, maxBatch);
      await settle(batch).catch((error) => {
        for (const { reject } of batch) reject(error);
      });
      counts.waiting -= batch.length;
    }
    working = undefined;
  }
  // #endregion add

  async function settle(batch: Waiting[]): Promise<void> {
    let error = await tryInsert(batch);
    while (error && !isRefusal(error)) {
      const { length } = batch;
      log.warn('readings wait for the database', { length, error });
      await pause(retrySeconds * 1000, undefined, stopping);
      // If only the answer was lost, this finds duplicates.
      error = await tryInsert(batch);
    }
    if (!error) return;
    if (batch.length === 1) return batch[0]?.resolve('refused');
    // One of them is poison: the others shall not suffer for it.
    const middle = batch.length >> 1;
    await settle(batch.slice(0, middle));
    await settle(batch.slice(middle));
  }

  async function tryInsert(batch: Waiting[]): Promise<unknown> {
    try {
      const readings = batch.map(({ reading }) => reading);
      const { allowed, stored } = await insertReadings(pool, readings);
      counts.stored += stored;
      counts.duplicates += allowed.length - stored;
      for (const place of allowed) batch[place]?.resolve('kept');
      for (const { resolve } of batch) resolve('revoked'); // the rest
      return undefined;
    } catch (error) {
      return error;
    }
  }

  /** What cannot be committed now is rejected: its device has it still. */
  async function dispose() {
    stopping.abort();
    await working;
  }

  return { add, counts, [Symbol.asyncDispose]: dispose };
}

type Waiting = { reading: Reading } & Pick<
  PromiseWithResolvers<Outcome>,
  'resolve' | 'reject'
>;

/** Classes 22 and 23: the data is wrong, or a constraint forbids it. */
function isRefusal(error: unknown): boolean {
  return (
    error instanceof DatabaseError && /^2[23]/.test(error.code ?? '')
  );
}
