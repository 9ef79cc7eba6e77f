import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import {
  describeAnswer,
  inputOf,
  type Prediction,
  toRow,
} from './model-card.ts';
import type { Model } from './model-file.ts';
import { ModelProblem } from './model-problem.ts';
import { keepThreads, type ModelThread } from './model-threads.ts';
import { createSuspectRows } from './suspect-rows.ts';

// A timer of Node that waits for longer fires at once.
const count = z
  .int()
  .min(1)
  .max(2 ** 31 - 1);

/** What a pool promises under load. */
const poolLimits = z.object({
  threads: count.default(1),
  maxBatch: count.default(32),
  /** How many rows may wait; those beyond are refused. */
  maxWaiting: count.default(128),
  /** A thread that has one batch for longer counts as lost. */
  stuckMs: count,
  /** So does one that loads for longer. */
  loadMs: count.default(60_000),
  /** A stop waits so long for answers, and as long for threads. */
  stopMs: count.default(5000),
});

/** The same, complete. */
export type PoolLimits = z.output<typeof poolLimits>;

/** What a pool needs. */
export type ModelPoolOptions = z.input<typeof poolLimits> & {
  model: Model;
  /** The file that calls `serveBatches`, as your build emits it. */
  workerFile: URL | string;
  log: { warn: (message: string, details: object) => void };
};

/** Threads that have all loaded one model. */
export type ModelPool = Awaited<ReturnType<typeof startModelPool>>;

type Request = PromiseWithResolvers<Float32Array> & {
  row: Float32Array;
};

const COME_AGAIN = 'Come again in a moment';

/** Starts the threads; rejects when one of them refuses the model. */
export async function startModelPool(options: ModelPoolOptions) {
  const { log } = options;
  const { card } = options.model;
  const limits = poolLimits.parse(options);
  const { maxBatch, maxWaiting, stopMs } = limits;
  const input = inputOf(card);
  const suspects = createSuspectRows();
  const open = new Set<Request>();
  let waiting = new Set<Request>();
  let turn: NodeJS.Immediate | undefined;
  let stopped: Promise<void> | undefined;

  /** The prediction for a request's body; rejects with ZodError, ModelProblem or the reason of the signal. */
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
    if (stopped) throw new ModelProblem(503, 'stopping', COME_AGAIN);
    if (waiting.size >= maxWaiting)
      throw new ModelProblem(503, 'overloaded', COME_AGAIN);
    if (suspects.find(row) === 'refused') throw refuseRow();

    const answer = Promise.withResolvers<Float32Array>();
    const request: Request = { ...answer, row };
    function giveUp() {
      waiting.delete(request); // its client has gone: not computed
      request.reject(signal.reason);
    }
    signal.addEventListener('abort', giveUp);
    open.add(request);
    waiting.add(request);
    dispatchSoon();
    try {
      return await request.promise;
    } finally {
      signal.removeEventListener('abort', giveUp);
      open.delete(request);
    }
  }
  // #endregion admit-or-shed

  /** What arrives in one turn of the loop makes one batch. */
  function dispatchSoon() {
    if (!turn) turn = setImmediate(dispatch);
  }

  function dispatch() {
    turn = undefined;
    const idle = threads.list('idle');
    for (const [index, thread] of idle.entries()) {
      const batch = takeBatch(idle.length - index);
      if (batch.length > 0) void serve(thread, batch);
    }
  }

  // No timer: while threads are busy a batch grows, else none waits.
  function takeBatch(free: number): Request[] {
    const most = Math.min(maxBatch, Math.ceil(waiting.size / free));
    const batch: Request[] = [];
    for (const request of waiting) {
      const verdict = suspects.find(request.row);
      const isAlone = verdict === 'suspect';
      if (batch.length === most || (isAlone && batch.length > 0)) break;
      waiting.delete(request);
      if (verdict === 'refused') request.reject(refuseRow());
      else batch.push(request);
      if (isAlone) break;
    }
    return batch;
  }

  // #region serve-a-batch
  async function serve(thread: ModelThread, batch: Request[]) {
    const rows = batch.map(({ row }) => row);
    const isAlone = rows.some((row) => suspects.find(row));
    try {
      const answers = await thread.run(rows);
      for (const [index, request] of batch.entries())
        settle(request, answers[index]);
      if (isAlone) rows.forEach(suspects.clear);
    } catch (error) {
      log.warn('worker lost', { error });
      for (const row of rows) suspects.blame(row, isAlone);
      // They come first, apart from those past their deadline.
      const again = batch.filter((request) => open.has(request));
      waiting = new Set([...again, ...waiting]);
      thread.lose();
    }
    dispatchSoon();
  }

  function settle(request: Request, answer: Float32Array | undefined) {
    if (answer?.every(Number.isFinite)) return request.resolve(answer);
    log.warn('the model answers no numbers', { version: card.version });
    const advice = 'The model has no answer for this input';
    request.reject(new ModelProblem(422, 'no_answer', advice));
  }
  // #endregion serve-a-batch

  /** Answers what it has accepted; then, as late again, gives up threads that do not end. */
  async function end() {
    const answers = Array.from(open, ({ promise }) => promise);
    await Promise.race([
      Promise.allSettled(answers),
      pause(stopMs, undefined, { ref: false }),
    ]);
    for (const request of open)
      request.reject(new ModelProblem(503, 'stopping', COME_AGAIN));
    const left = await threads.end(stopMs);
    if (left > 0) log.warn('threads do not end', { threads: left });
  }

  /** Ends once, however often it is called. */
  function stop(): Promise<void> {
    stopped ??= end();
    return stopped;
  }

  function countWork() {
    const idle = threads.list('idle').length;
    const serving = idle + threads.list('busy').length;
    const lost = threads.list('lost').length;
    return { serving, lost, idle, waiting: waiting.size };
  }

  const threads = await keepThreads({
    ...options,
    ...limits,
    onIdle: dispatchSoon,
  });
  return { card, predict, countWork, stop };
}

function refuseRow(): ModelProblem {
  const advice = 'This input has ended threads twice: do not repeat it';
  return new ModelProblem(422, 'row_refused', advice);
}
