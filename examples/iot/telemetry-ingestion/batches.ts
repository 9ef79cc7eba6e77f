import { setTimeout as pause } from 'node:timers/promises';

/** `refused` is what no retry would change: the database says no to the value. */
export type Outcome = 'kept' | 'revoked' | 'refused';

export type BatchesOptions<Item> = {
  /** Commits the items that it may, and returns their places in the batch. */
  write: (items: Item[]) => Promise<number[]>;
  log: { warn: (message: string, details: object) => void };
  /** The pause before a batch is tried again, on average. */
  retrySeconds: number;
};

type Waiting<Item> = { item: Item } & Omit<
  PromiseWithResolvers<Outcome>,
  'promise'
>;

const MAX_BATCH = 1000;

/** Commits items in batches, in the order in which they came. */
export function createBatches<Item>(options: BatchesOptions<Item>) {
  const { write, log, retrySeconds } = options;
  // Node takes NaN, and more than 24 days, for 1 ms.
  if (!(retrySeconds > 0 && retrySeconds <= 3600))
    throw new RangeError('retrySeconds must be above 0, at most 3600');
  const queue: Waiting<Item>[] = [];
  const stopping = new AbortController();
  let isWorking = false;

  // #region add
  /** Resolves once the item is committed, and not earlier. */
  function add(item: Item): Promise<Outcome> {
    const { promise, ...settlers } = Promise.withResolvers<Outcome>();
    queue.push({ item, ...settlers });
    // While one batch is committed, the next one fills: the busier it
    // is, the larger the batch, and nothing waits for a timer.
    if (!isWorking) void work();
    return promise;
  }

  async function work() {
    isWorking = true;
    while (queue.length > 0) {
      const batch = queue.splice(0, MAX_BATCH);
      await settle(batch).catch((error) => {
        for (const { reject } of batch) reject(error);
      });
    }
    isWorking = false;
  }
  // #endregion add

  async function settle(batch: Waiting<Item>[]): Promise<void> {
    let error = await attempt(batch);
    while (error && !isRefusal(error)) {
      log.warn('a batch has to wait', { items: batch.length, error });
      const ms = retrySeconds * 1000 * (0.5 + Math.random());
      await pause(ms, undefined, stopping);
      // If only the answer was lost, this finds duplicates.
      error = await attempt(batch);
    }
    if (!error) return;
    if (batch.length === 1) return batch[0]?.resolve('refused');
    // One of them is poison: the others must not suffer for it.
    const middle = batch.length >> 1;
    await settle(batch.slice(0, middle));
    await settle(batch.slice(middle));
  }

  async function attempt(batch: Waiting<Item>[]): Promise<unknown> {
    stopping.signal.throwIfAborted();
    try {
      const kept = await write(batch.map(({ item }) => item));
      for (const place of kept) batch[place]?.resolve('kept');
      for (const { resolve } of batch) resolve('revoked'); // the rest
      return undefined;
    } catch (error) {
      return error;
    }
  }

  /** What is not committed by now is rejected: its device still has it. */
  const stop = () => stopping.abort();

  return { add, stop };
}

/** Classes 22 and 23: the data is wrong, or a constraint forbids it. */
function isRefusal(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    /^2[23]/.test(`${error.code}`)
  );
}
