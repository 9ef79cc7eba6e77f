import {
  setTimeout as pause,
  setImmediate,
} from 'node:timers/promises';
import { unlessAborted } from '../../postgres/transactions-and-locking/transaction-session.ts';
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
  /** How many items are in work at once. Default: 20. */
  concurrency?: number;
  /** The pause when nothing more is due. Default: 1. */
  pollSeconds?: number;
  /** How long the work on an item may take. Default: 900. */
  limitSeconds?: number;
};

type Run = PromiseWithResolvers<void> & { abort: AbortController };

/** Does what is due, many items at a time, until it is stopped. */
export function startWorker<Item extends object>(
  options: WorkerOptions<Item>,
) {
  const { name, claim, work, settle, log } = options;
  const { concurrency = 20, pollSeconds = 1 } = options;
  const { limitSeconds = 900 } = options;
  requireNumbers({ concurrency, pollSeconds, limitSeconds });
  const running = new Map<Item, Run>();
  const ended: Ended<Item>[] = [];
  const closing = new AbortController();
  let bell = Promise.withResolvers<void>();
  let isStopping = false;
  let isSettling = false;
  let failures = 0; // claims in a row
  let healthyAt = performance.now();

  async function loop() {
    while (!isStopping) {
      const room = concurrency - running.size;
      const found = room > 0 ? await take(room) : 0;
      // A full answer may have left more behind.
      if (found === 0 || found < room) await rest();
      await setImmediate(); // what ends together makes one batch
    }
  }

  async function take(room: number) {
    try {
      const items = await claim(room);
      for (const item of items) void run(item);
      failures = 0;
      healthyAt = performance.now();
      return items.length;
    } catch (error) {
      failures += 1;
      log.warn('nothing can be claimed', { name, failures, error });
      return 0;
    }
  }

  /** Until `wake`, also if that came during the last claim. */
  async function rest() {
    const ms = failures ? backOffMs(failures) : pollSeconds * 1000;
    const timer = setTimeout(bell.resolve, ms);
    await bell.promise;
    clearTimeout(timer);
    bell = Promise.withResolvers();
  }

  const wake = () => bell.resolve();

  // #region run
  async function run(item: Item) {
    const abort = new AbortController();
    running.set(item, { abort, ...Promise.withResolvers<void>() });
    const cutOff = () => cut(item, 'timed_out');
    const limit = setTimeout(cutOff, limitSeconds * 1000);
    const trying = [attempt(item, abort.signal)];
    for (const result of await Promise.allSettled(trying))
      ended.push({ item, result });
    clearTimeout(limit);
    if (!isSettling) await settleAll();
  }

  async function attempt(item: Item, signal: AbortSignal) {
    // The claim was on its way when the worker was stopped.
    if (isStopping) throw new CutOffError('stopped');
    await unlessAborted(signal, work(item, signal));
  }

  /** Waits no longer for the work on an item. */
  function cut(item: Item, code: CutOffError['code']) {
    running.get(item)?.abort.abort(new CutOffError(code));
  }
  // #endregion run

  // #region settle-until-done
  async function settleAll() {
    isSettling = true;
    healthyAt = performance.now(); // there may have been no room
    const { signal } = closing;
    for (let failed = 0; ended.length > 0; ) {
      if (failed === 0)
        await setImmediate(); // as in the loop
      else await pause(backOffMs(failed), 0, { signal }).catch(() => 0);
      if (signal.aborted) break;
      const batch = ended.splice(0);
      try {
        await settle(batch);
        failed = 0;
        free(batch);
      } catch (error) {
        ended.unshift(...batch); // they keep their places
        failed += 1;
        log.warn('ends cannot be recorded', { name, failed, error });
      }
    }
    isSettling = false;
  }

  function free(batch: Ended<Item>[]) {
    if (running.size >= concurrency) wake();
    healthyAt = performance.now();
    for (const { item } of batch) {
      running.get(item)?.resolve();
      running.delete(item);
    }
  }
  // #endregion settle-until-done

  // #region stop
  /** Takes nothing more; ends five seconds after the grace at the latest. */
  async function stop(graceSeconds = 10) {
    isStopping = true;
    wake();
    await waitAtMost(graceSeconds, drain());
    for (const item of running.keys()) cut(item, 'stopped');
    await waitAtMost(5, drain());
    closing.abort();
  }

  async function drain() {
    await looping;
    await Promise.all(running.values().map(({ promise }) => promise));
  }
  // #endregion stop

  /** For a health check: rejects when claims or ends have failed for a minute. */
  async function check() {
    const seconds = (performance.now() - healthyAt) / 1000;
    const hasToWait = running.size >= concurrency && !isSettling;
    if (!hasToWait && seconds > pollSeconds + 60)
      throw new Error(
        `${name}: no success for ${Math.floor(seconds)} s`,
      );
  }

  const looping = loop();
  return {
    wake,
    cut,
    check,
    stop,
    [Symbol.asyncDispose]: () => stop(),
  };
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

async function waitAtMost(seconds: number, end: Promise<void>) {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, seconds * 1000);
  await Promise.race([end, promise]);
  clearTimeout(timer);
}
