import { setTimeout as pause } from 'node:timers/promises';
import { ModelError } from './model-file.ts';
import {
  type ModelThread,
  type ModelThreadOptions,
  startModelThread,
} from './model-thread.ts';

type KeepThreadsOptions = ModelThreadOptions & {
  log: { warn: (message: string, details: object) => void };
  threads: number;
  /** Called each time that a thread has nothing to do. */
  onIdle: () => void;
};

type State = 'loading' | 'serving' | 'lost';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;

/** Keeps so many threads serving; a caller that takes one out of `idle` calls `giveBack` or `lose`. */
export function keepThreads(options: KeepThreadsOptions) {
  const { log, threads, onIdle } = options;
  // A lost one has its core until its native call returns. One row
  // that never returns costs two threads before it is refused.
  const most = Math.max(2 * threads, threads + 2);
  const states = new Map<ModelThread, State>();
  const idle = new Set<ModelThread>();
  let keeping = false;
  let pauseMs = FIRST_PAUSE_MS;
  let retry: NodeJS.Timeout | undefined;

  /** Rejects when one of the threads refuses the model. */
  async function start() {
    const starts = Array.from({ length: threads }, add);
    const results = await Promise.allSettled(starts);
    const refused = results.find(({ status }) => status === 'rejected');
    if (refused?.status === 'rejected') {
      const { reason: cause } = refused;
      for (const thread of states.keys()) thread.end();
      throw new ModelError('No thread can load it', { cause });
    }
    keeping = true;
    refill();
  }

  async function add() {
    const thread = startModelThread(options);
    states.set(thread, 'loading');
    void thread.exited.then(() => forget(thread));
    try {
      await thread.ready;
    } catch (error) {
      lose(thread);
      throw error;
    }
    pauseMs = FIRST_PAUSE_MS;
    states.set(thread, 'serving');
    giveBack(thread);
  }

  /** Called at each change, so that no thread waits for another. */
  function refill() {
    while (keeping && !retry && isShort())
      void add().catch((error) => {
        log.warn('worker does not start', { error, pauseMs });
        retry ??= setTimeout(refillAgain, pauseMs).unref();
        pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
      });
  }

  function refillAgain() {
    retry = undefined;
    refill();
  }

  function isShort() {
    const { size } = states;
    return size - count('lost') < threads && size < most;
  }

  /** It ends when its native call returns, if it does. */
  function lose(thread: ModelThread) {
    const state = states.get(thread);
    if (!state) return; // it has ended already
    states.set(thread, 'lost');
    thread.end();
    if (state === 'serving') refill();
  }

  function forget(thread: ModelThread) {
    const state = states.get(thread);
    states.delete(thread);
    idle.delete(thread);
    if (state !== 'loading') refill();
  }

  function giveBack(thread: ModelThread) {
    idle.add(thread);
    onIdle();
  }

  function count(state: State): number {
    return [...states.values()].filter((one) => one === state).length;
  }

  /** Resolves with how many threads are left when the time is up. */
  async function end(milliseconds: number): Promise<number> {
    keeping = false;
    for (const thread of states.keys()) thread.end();
    const exits = Array.from(states.keys(), ({ exited }) => exited);
    const timeIsUp = pause(milliseconds, undefined, { ref: false });
    await Promise.race([Promise.all(exits), timeIsUp]);
    return states.size;
  }

  return { start, idle, giveBack, lose, count, end };
}
