import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { CutOffError } from './cut-off-error.ts';

/** How the work on an item ended; rejected with CutOffError, it may go on. */
export type Ended<Item> = {
  item: Item;
  result: PromiseSettledResult<void>;
};

export type WorkerOptions<Item extends object> = {
  /** What its log calls it. */
  name: string;
  /** Takes at most that many items; ends in bounded time. */
  claim: (limit: number) => Promise<Item[]>;
  /** Does one item, and stops at the signal. */
  work: (item: Item, signal: AbortSignal) => Promise<void>;
  /** Records what has ended; it is called again until it resolves, and ends in bounded time. */
  settle: (batch: Ended<Item>[]) => Promise<void>;
  log: { warn: (message: string, details: object) => void };
  /** How many items are in work at once, an integer. Default: 20. */
  concurrency?: number;
  /** The pause when nothing more is due. Default: 1. */
  pollSeconds?: number;
  /** How long the work on an item may take. Default: 900. */
  limitSeconds?: number;
};

/** Does what is due, many items at a time, until it is stopped. */
export function startWorker<Item extends object>(
  options: WorkerOptions<Item>,
) {
  const { name, claim, work, settle, log } = options;
  const { concurrency = 20, pollSeconds = 1 } = options;
  const { limitSeconds = 900 } = options;
  requireNumbers({ concurrency, pollSeconds, limitSeconds });
  const running = new Map<Item, AbortController>();
  const ended: Ended<Item>[] = [];
  let bell = Promise.withResolvers<void>();
  const stopped = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  let isStopping = false;
  let isClosed = false;
  let isSettling = false;
  let failures = 0; // claims in a row
  let claimedAt = performance.now();
  let unrecordedSince: number | undefined;

  // #region claim-what-is-due
  async function loop() {
    while (!isStopping || (running.size > 0 && !isClosed))
      if (!(await take())) await rest();
  }

  /** Whether to claim again at once. */
  async function take(): Promise<boolean> {
    const room = concurrency - running.size;
    if (room <= 0 || isStopping) return false;
    try {
      const items = await claim(room);
      for (const item of items) void run(item);
      failures = 0;
      claimedAt = performance.now();
      return items.length >= room;
    } catch (error) {
      failures += 1;
      log.warn('nothing can be claimed', { name, failures, error });
      // No wake-up cuts this pause short.
      await waitAtMost(backOffMs(failures), stopped.promise);
      return true;
    }
  }

  /** Until `wake`, also if that came during the last claim. */
  async function rest() {
    await waitAtMost(pollSeconds * 1000, bell.promise);
    bell = Promise.withResolvers();
  }

  const wake = () => bell.resolve();
  // #endregion claim-what-is-due

  // #region run
  async function run(item: Item) {
    const abort = new AbortController();
    running.set(item, abort);
    const ms = limitSeconds * 1000;
    const limit = setTimeout(cut, ms, item, 'timed_out');
    const trying = attempt(item, abort.signal);
    const [result] = await Promise.allSettled([trying]);
    clearTimeout(limit);
    ended.push({ item, result });
    unrecordedSince ??= performance.now();
    if (!isSettling) void settleAll();
  }

  async function attempt(item: Item, signal: AbortSignal) {
    // The claim was on its way when the worker was stopped.
    if (isStopping) throw new CutOffError('stopped');
    await Promise.race([once(signal, 'abort'), work(item, signal)]);
    signal.throwIfAborted();
  }

  /** Waits no longer for the work on an item. */
  function cut(item: Item, code: CutOffError['code']) {
    running.get(item)?.abort(new CutOffError(code));
  }
  // #endregion run

  // #region settle-until-done
  async function settleAll() {
    isSettling = true;
    await setImmediate(); // what ends together makes one batch
    while (ended.length > 0) await record(ended.splice(0), 1);
    isSettling = false;
  }

  async function record(batch: Ended<Item>[], failed: number) {
    if (batch.length === 0 || isClosed) return;
    try {
      await settle(batch);
      unrecordedSince = undefined;
      free(batch);
    } catch (error) {
      log.warn('ends cannot be recorded', { name, failed, error });
      void retry(batch, failed);
    }
  }

  /** In halves: one that is refused each time holds up no others. */
  async function retry(batch: Ended<Item>[], failed: number) {
    await waitAtMost(backOffMs(failed), closed.promise);
    const half = Math.ceil(batch.length / 2);
    void record(batch.slice(0, half), failed + 1);
    void record(batch.slice(half), failed + 1);
  }

  function free(batch: Ended<Item>[]) {
    const wasFull = running.size >= concurrency;
    for (const { item } of batch) running.delete(item);
    if (wasFull) claimedAt = performance.now(); // no claim until now
    if (wasFull || isStopping) wake();
  }
  // #endregion settle-until-done

  // #region stop
  /** Takes nothing more; ends five seconds after the grace at the latest. */
  async function stop(graceSeconds = 10) {
    isStopping = true;
    stopped.resolve();
    wake();
    await waitAtMost(Math.min(graceSeconds, 86_400) * 1000, looping);
    for (const item of running.keys()) cut(item, 'stopped');
    await waitAtMost(5000, looping);
    isClosed = true;
    closed.resolve();
    wake();
  }
  // #endregion stop

  /** For a health check: rejects when for a minute no claim succeeded, or no end was recorded while some wait. */
  async function check() {
    const now = performance.now();
    const hasRoom = running.size < concurrency;
    const claims = hasRoom ? claimedAt + pollSeconds * 1000 : now;
    if (now - Math.min(claims, unrecordedSince ?? now) > 60_000)
      throw new Error(`${name}: no success for a minute`);
  }

  const looping = loop();
  return { wake, cut, check, stop, [Symbol.asyncDispose]: stop };
}

/** 0.2 s, 0.4 s … up to 10 s, of which half is random. */
export function backOffMs(failures: number): number {
  const ms = Math.min(10_000, 100 * 2 ** failures);
  return ms / 2 + (Math.random() * ms) / 2;
}

/** Node takes NaN, and more than 24 days, for 1 ms. */
export function requireNumbers(numbers: Record<string, number>) {
  for (const [name, value] of Object.entries(numbers))
    if (!(value > 0 && value <= 86_400))
      throw new RangeError(`${name} must be above 0, at most 86400`);
}

async function waitAtMost(ms: number, end: Promise<void>) {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([end, promise]);
  clearTimeout(timer);
}
