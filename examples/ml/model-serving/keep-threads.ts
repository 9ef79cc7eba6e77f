import { setTimeout } from 'node:timers/promises';
import { type Model, ModelError } from './model-file.ts';
import { type ModelThread, startModelThread } from './model-thread.ts';

type KeepThreadsOptions = {
  model: Model;
  log: { warn: (message: string, details: object) => void };
  threads: number;
  slowMilliseconds: number;
  workerFile?: URL;
  /** Called each time that a thread has nothing to do. */
  onIdle: () => void;
};

/** Keeps so many threads at work; whoever takes one out of `idle` gives it back, or has it replaced. */
export function keepThreads(options: KeepThreadsOptions) {
  const { log, threads, onIdle } = options;
  const alive = new Set<ModelThread>();
  const idle = new Set<ModelThread>();
  let ending = false;

  function giveBack(thread: ModelThread) {
    idle.add(thread);
    onIdle();
  }

  async function start() {
    const starts = Array.from({ length: threads }, add);
    const results = await Promise.allSettled(starts);
    for (const result of results) {
      if (result.status === 'fulfilled') continue;
      await end();
      const { reason: cause } = result;
      throw new ModelError('No thread can load it', { cause });
    }
  }

  async function add() {
    const thread = startModelThread(options);
    alive.add(thread);
    void thread.exited.then(() => {
      alive.delete(thread);
      if (idle.delete(thread)) void addUntilItStarts();
    });
    await thread.ready;
    giveBack(thread);
  }

  /** The lost one ends when its native call returns, if it does. */
  async function replace(lost: ModelThread) {
    lost.end();
    // Until then it keeps its core: no more of them than at work.
    if (alive.size >= 2 * threads) await lost.exited;
    await addUntilItStarts();
  }

  async function addUntilItStarts() {
    for (let pause = 100; !ending; pause = Math.min(2 * pause, 1e4)) {
      try {
        return await add();
      } catch (error) {
        log.warn('worker does not start', { error });
        await setTimeout(pause, undefined, { ref: false });
      }
    }
  }

  async function end() {
    ending = true;
    for (const thread of alive) thread.end();
    await Promise.all([...alive].map(({ exited }) => exited));
  }

  return { start, alive, idle, giveBack, replace, end };
}
