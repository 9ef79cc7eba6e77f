import { keepThreads } from './keep-threads.ts';
import { inputOf } from './model-card.ts';
import type { Model } from './model-file.ts';
import type { ModelThread } from './model-thread.ts';
import { UnavailableError } from './unavailable-error.ts';

/** What a pool needs; the limits are what it promises under load. */
export type ModelPoolOptions = {
  model: Model;
  log: { warn: (message: string, details: object) => void };
  threads?: number;
  maxBatch?: number;
  maxWaiting?: number;
  /** After this long with one batch, a thread counts as lost. */
  slowMilliseconds?: number;
  /** Memory of JavaScript that a thread may hold. */
  maxThreadBytes?: number;
  workerFile?: URL;
};

/** Threads that have all loaded one model. */
export type ModelPool = Awaited<ReturnType<typeof startModelPool>>;

type Request = PromiseWithResolvers<Float32Array> & {
  row: Float32Array;
  isRetry: boolean;
};

/** Starts the threads; rejects when one of them refuses the model. */
export async function startModelPool(options: ModelPoolOptions) {
  const { model, log, maxBatch = 32, maxWaiting = 128 } = options;
  const { maxThreadBytes = 2 ** 28 } = options;
  const waiting = new Set<Request>();
  const retries = new Set<Request>();
  const open = new Set<Request>();
  let turn: NodeJS.Immediate | undefined;
  let stopping = false;

  // #region admit-or-shed
  /** Every request has an end, so the queue has one too. */
  async function predict(row: Float32Array, signal: AbortSignal) {
    signal.throwIfAborted();
    if (stopping) throw new UnavailableError('stopping');
    if (waiting.size >= maxWaiting)
      throw new UnavailableError('overloaded');

    const answer = Promise.withResolvers<Float32Array>();
    const request = { ...answer, row, isRetry: false };
    function giveUp() {
      waiting.delete(request); // what nobody awaits is not computed
      retries.delete(request);
      request.reject(signal.reason);
    }
    signal.addEventListener('abort', giveUp);
    waiting.add(request);
    open.add(request);
    // What arrives in one turn of the loop makes one batch.
    if (!turn) turn = setImmediate(dispatch);
    try {
      return await answer.promise;
    } finally {
      signal.removeEventListener('abort', giveUp);
      open.delete(request);
    }
  }
  // #endregion admit-or-shed

  // #region batch-what-waits
  function dispatch() {
    turn = undefined;
    for (const thread of threads.idle) {
      const batch = takeBatch(threads.idle.size);
      if (batch.length === 0) return;
      threads.idle.delete(thread);
      void serve(thread, batch);
    }
  }

  // No timer: while threads are busy a batch grows, else none waits.
  function takeBatch(free: number): Request[] {
    const [again] = retries;
    if (again && retries.delete(again)) return [again]; // alone
    const size = Math.min(maxBatch, Math.ceil(waiting.size / free));
    const batch = [...waiting].slice(0, size);
    for (const request of batch) waiting.delete(request);
    return batch;
  }
  // #endregion batch-what-waits

  // #region serve-a-batch
  async function serve(thread: ModelThread, batch: Request[]) {
    try {
      const rows = batch.map(({ row }) => row);
      const { answers, bytes } = await thread.run(rows);
      for (const [index, request] of batch.entries())
        request.resolve(answers[index] as Float32Array);
      if (bytes <= maxThreadBytes) return threads.giveBack(thread);
      log.warn('worker holds too much memory', { bytes });
    } catch (error) {
      log.warn('worker lost', { error });
      for (const request of batch) retryOnce(request);
    }
    await threads.replace(thread);
  }

  function retryOnce(request: Request) {
    if (!open.has(request)) return; // past its deadline
    if (request.isRetry)
      request.reject(new UnavailableError('worker_lost'));
    else retries.add(request);
    request.isRetry = true;
  }
  // #endregion serve-a-batch

  // #region drain
  async function stop() {
    stopping = true;
    await Promise.allSettled([...open].map(({ promise }) => promise));
    await threads.end();
  }
  // #endregion drain

  const countWork = () => ({
    threads: threads.alive.size,
    idle: threads.idle.size,
    waiting: waiting.size + retries.size,
  });

  const threads = keepThreads({
    threads: 1,
    slowMilliseconds: 1000,
    ...options,
    onIdle: dispatch,
  });
  await threads.start();
  const { card } = model;
  return { card, input: inputOf(card), predict, countWork, stop };
}
