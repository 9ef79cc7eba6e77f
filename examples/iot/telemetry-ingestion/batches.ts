import { setTimeout as pause } from 'node:timers/promises';

export type BatchesOptions<Item> = {
  /** Commits all items but those that it may not, which it returns. */
  write: (items: Item[]) => Promise<ReadonlySet<Item>>;
  /** What to write in the place of an item that the database refuses. */
  replace: (item: Item) => Item;
  log: { warn: (message: string, details: object) => void };
};

type Waiting<Item> = {
  item: Item;
  answer: PromiseWithResolvers<boolean>;
};

const MAX_BATCH = 1000;
const RETRY_MS = 1000;

/** Commits items in batches, in the order in which they came. */
export function createBatches<Item>(options: BatchesOptions<Item>) {
  const { write, replace, log } = options;
  const queue: Waiting<Item>[] = [];
  const stopping = new AbortController();
  let isWorking = false;

  // #region add
  /** True once the item is committed, and not earlier; false if it may not be. */
  function add(item: Item): Promise<boolean> {
    const answer = Promise.withResolvers<boolean>();
    queue.push({ item, answer });
    // While one batch is committed, the next one fills: the busier it
    // is, the larger the batch, and nothing waits for a timer.
    if (!isWorking) void work();
    return answer.promise;
  }

  async function work() {
    isWorking = true;
    while (queue.length > 0) {
      const batch = queue.splice(0, MAX_BATCH);
      await settle(batch).catch((error) => {
        for (const { answer } of batch) answer.reject(error);
      });
    }
    isWorking = false;
  }
  // #endregion add

  async function settle(batch: Waiting<Item>[]): Promise<void> {
    for (;;) {
      stopping.signal.throwIfAborted();
      try {
        // If only the last answer was lost, this finds duplicates.
        return await commit(batch);
      } catch (error) {
        if (isRefusal(error)) return await divide(batch);
        log.warn('a batch has to wait', { items: batch.length, error });
      }
      const ms = RETRY_MS * (0.5 + Math.random());
      await pause(ms, undefined, stopping);
    }
  }

  async function commit(batch: Waiting<Item>[]) {
    const refused = await write(batch.map(({ item }) => item));
    for (const { item, answer } of batch)
      answer.resolve(!refused.has(item));
  }

  /** One of them is poison: the others must not suffer for it. */
  async function divide(batch: Waiting<Item>[]) {
    const middle = batch.length >> 1;
    if (middle > 0) {
      await settle(batch.slice(0, middle));
      return await settle(batch.slice(middle));
    }
    for (const { item, answer } of batch)
      await commit([{ item: replace(item), answer }]).catch(
        answer.reject,
      );
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
