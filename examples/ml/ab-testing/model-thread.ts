import { Worker } from 'node:worker_threads';
import type { ModelVersion } from './model-card.ts';

/** A version that runs: it answers in time, or rejects. */
export type RunningModel = {
  version: string;
  /** How many numbers a row has. */
  width: number;
  predict: (row: number[]) => Promise<string>;
  stop: () => Promise<void>;
};

/** The limits of a version, and what runs in its thread. */
export type ModelThreadOptions = {
  /** How long an answer may take. */
  answerMilliseconds?: number;
  /** How long loading may take. */
  loadMilliseconds?: number;
  file?: URL;
};

/** What a thread says: the label, or why there is none; id 0 is its start. */
export type ThreadMessage = {
  id: number;
  label?: string;
  error?: string;
};

const WORKER = new URL('model-worker.ts', import.meta.url);
const LOADING = 0;

/** Runs a version in a thread of its own; rejects when it cannot be loaded. */
export async function startModelThread(
  { version, card, bytes }: ModelVersion,
  options: ModelThreadOptions = {},
): Promise<RunningModel> {
  const { answerMilliseconds = 1000, file = WORKER } = options;
  const { loadMilliseconds = 30_000 } = options;
  const waiting = new Map<number, PromiseWithResolvers<string>>();
  let thread: Worker | undefined;
  let [isReady, isStopped] = [false, false];
  let last = LOADING;

  function start() {
    const started = new Worker(file, { workerData: { card, bytes } });
    thread = started;
    started.on('message', settle);
    started.on('error', fail);
    started.on('exit', () => {
      if (started === thread) fail(new Error('The thread has ended'));
    });
    return waitFor(LOADING, loadMilliseconds);
  }

  function settle({ id, label, error }: ThreadMessage) {
    isReady = true;
    const answer = waiting.get(id);
    if (label !== undefined) answer?.resolve(label);
    else answer?.reject(new Error(error));
  }

  async function predict(row: number[]): Promise<string> {
    if (!isReady) {
      // Nobody waits for it, and if it fails the next one starts it.
      if (!thread && !isStopped) start().catch(() => {});
      throw new Error('The thread does not run');
    }
    thread?.postMessage({ id: ++last, row });
    return await waitFor(last, answerMilliseconds);
  }

  async function waitFor(id: number, milliseconds: number) {
    const answer = Promise.withResolvers<string>();
    waiting.set(id, answer);
    const late = new Error(`No answer in ${milliseconds} ms`);
    const timer = setTimeout(() => fail(late), milliseconds);
    try {
      return await answer.promise;
    } finally {
      clearTimeout(timer);
      waiting.delete(id);
    }
  }

  /** A thread that hangs keeps its core until it is ended. */
  function fail(error: Error) {
    void thread?.terminate();
    thread = undefined;
    isReady = false;
    for (const answer of waiting.values()) answer.reject(error);
  }

  /** Answers what it was asked before. */
  async function stop() {
    isStopped = true;
    const answers = [...waiting.values()].map(({ promise }) => promise);
    await Promise.allSettled(answers);
    const ended = thread?.terminate();
    fail(new Error('The version is stopped'));
    await ended;
  }

  await start();
  return { version, width: card.width, predict, stop };
}
