import { setTimeout as pause } from 'node:timers/promises';
import { keepThreads } from './keep-threads.ts';
import {
  describeAnswer,
  inputOf,
  type Prediction,
  toRow,
} from './model-card.ts';
import type {
  ModelThread,
  ModelThreadOptions,
} from './model-thread.ts';
import { PredictionError } from './prediction-error.ts';
import { createSuspectRows } from './suspect-rows.ts';

/** What a pool needs; the limits are what it promises under load. */
export type ModelPoolOptions = Pick<
  ModelThreadOptions,
  'model' | 'workerFile' | 'stuckMs'
> & {
  log: { warn: (message: string, details: object) => void };
  threads?: number;
  maxBatch?: number;
  maxWaiting?: number;
  loadMs?: number;
  /** How much memory a thread may gain after its start. */
  maxGrownBytes?: number;
};

/** Threads that have all loaded one model. */
export type ModelPool = Awaited<ReturnType<typeof startModelPool>>;

type Request = PromiseWithResolvers<Float32Array> & {
  row: Float32Array;
  isAlone: boolean;
};

/** Starts the threads; rejects when one of them refuses the model. */
export async function startModelPool(options: ModelPoolOptions) {
  const { model, log, threads: size = 1, stuckMs } = options;
  const { maxBatch = 32, maxWaiting = 128 } = options;
  const { loadMs = 60_000, maxGrownBytes = 2 ** 28 } = options;
  requirePositive({
    threads: size,
    maxBatch,
    maxWaiting,
    stuckMs,
    loadMs,
  });
  const { card } = model;
  const input = inputOf(card);
  const suspects = createSuspectRows();
  const waiting = new Set<Request>();
  const alone = new Set<Request>();
  const open = new Set<Request>();
  let turn: NodeJS.Immediate | undefined;
  let stopping = false;

  /** The prediction for a request's body; rejects with ZodError, PredictionError or the reason of the signal. */
  async function predict(
    body: unknown,
    signal: AbortSignal,
  ): Promise<Prediction> {
    const features = input.parse(body);
    const answer = await admit(toRow(card, features), signal);
    return describeAnswer(card, features, answer);
  }

  // #region admit-or-shed
  /** Every request has an end, so the queue has one too. */
  async function admit(row: Float32Array, signal: AbortSignal) {
    signal.throwIfAborted();
    if (stopping) throw new PredictionError('stopping');
    if (waiting.size + alone.size >= maxWaiting)
      throw new PredictionError('overloaded');
    const verdict = suspects.find(row);
    if (verdict === 'refused') throw new PredictionError('row_refused');

    const isAlone = verdict === 'suspect';
    const answer = Promise.withResolvers<Float32Array>();
    const request = { ...answer, row, isAlone };
    function giveUp() {
      waiting.delete(request); // its client has gone: not computed
      alone.delete(request);
      request.reject(signal.reason);
    }
    signal.addEventListener('abort', giveUp);
    open.add(request);
    (isAlone ? alone : waiting).add(request);
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
    const [suspect] = alone;
    if (suspect && alone.delete(suspect)) return [suspect];
    const count = Math.min(maxBatch, Math.ceil(waiting.size / free));
    const batch = [...waiting].slice(0, count);
    for (const request of batch) waiting.delete(request);
    return batch;
  }

  // #region serve-a-batch
  async function serve(thread: ModelThread, batch: Request[]) {
    try {
      const rows = batch.map(({ row }) => row);
      const { answers, grownBytes } = await thread.run(rows);
      for (const [index, request] of batch.entries())
        settle(request, answers[index]);
      if (grownBytes <= maxGrownBytes) return threads.giveBack(thread);
      log.warn('worker has gained too much memory', { grownBytes });
    } catch (error) {
      log.warn('worker lost', { error });
      for (const request of batch) repeatAlone(request);
      refuseRows();
    }
    threads.lose(thread);
    dispatch();
  }

  function settle(request: Request, answer: Float32Array | undefined) {
    if (request.isAlone) suspects.clear(request.row);
    if (
      answer?.length === card.labels.length &&
      answer.every(Number.isFinite)
    )
      return request.resolve(answer);
    log.warn('the model answers no numbers', { version: card.version });
    request.reject(new PredictionError('no_answer'));
  }

  function repeatAlone(request: Request) {
    suspects.blame(request.row, request.isAlone);
    if (!open.has(request)) return; // past its deadline
    request.isAlone = true;
    alone.add(request);
  }
  // #endregion serve-a-batch

  function refuseRows() {
    for (const request of [...alone, ...waiting]) {
      if (suspects.find(request.row) !== 'refused') continue;
      alone.delete(request);
      waiting.delete(request);
      request.reject(new PredictionError('row_refused'));
    }
  }

  /** Answers what it has accepted; then, as late again, gives up threads that do not end. */
  async function stop(limitMs = 5000) {
    stopping = true;
    const answers = Array.from(open, ({ promise }) => promise);
    await Promise.race([
      Promise.allSettled(answers),
      pause(limitMs, undefined, { ref: false }),
    ]);
    for (const request of open)
      request.reject(new PredictionError('stopping'));
    const left = await threads.end(limitMs);
    if (left > 0) log.warn('threads do not end', { threads: left });
  }

  const countWork = () => ({
    serving: threads.count('serving'),
    lost: threads.count('lost'),
    idle: threads.idle.size,
    waiting: waiting.size + alone.size,
  });

  const threads = keepThreads({
    ...options,
    threads: size,
    loadMs,
    onIdle: dispatch,
  });
  await threads.start();
  return { card, predict, countWork, stop };
}

function requirePositive(limits: Record<string, number>): void {
  for (const [name, value] of Object.entries(limits))
    if (!(value >= 1 && value < 2 ** 31))
      throw new RangeError(`${name} is ${value}: use 1 to 2147483647`);
}
