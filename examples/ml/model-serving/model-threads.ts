import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { ModelPoolOptions, PoolLimits } from './model-pool.ts';

/** A thread that has, or will have, loaded the model. */
export type ModelThread = ReturnType<typeof startThread>;

type KeepThreadsOptions = ModelPoolOptions &
  PoolLimits & {
    /** Called when a new thread has nothing to do. */
    onIdle: () => void;
  };

type Answer = PromiseWithResolvers<Float32Array>;

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;

/** An idle one may get a batch; a lost one may still have its last. */
type State = 'loading' | 'idle' | 'busy' | 'lost';

/** Keeps so many threads serving: each that is lost, or ends, is replaced. */
export async function keepThreads(options: KeepThreadsOptions) {
  const { log, threads: size, onIdle } = options;
  // A lost one has its core until its native call returns. One row
  // that never returns costs two threads before it is refused.
  const most = 2 * size + 1;
  const alive = new Set<ModelThread>();
  let ending = false;

  async function add(): Promise<ModelThread> {
    const thread = startThread(options);
    alive.add(thread);
    void thread.exited.then(() => alive.delete(thread));
    await thread.ready.catch((error) => {
      thread.lose();
      throw error;
    });
    return thread;
  }

  /** Serves with one thread, and when it is lost with another. */
  async function keepOne(first: ModelThread) {
    let thread: ModelThread | undefined = first;
    while (thread) {
      thread.state = 'idle';
      onIdle();
      await thread.left;
      thread = await replace();
    }
  }

  async function replace(): Promise<ModelThread | undefined> {
    let pauseMs = FIRST_PAUSE_MS;
    while (!ending) {
      try {
        if (alive.size < most) return await add();
        await Promise.race(listExits()); // any will do
      } catch (error) {
        log.warn('worker does not start', { error, pauseMs });
        await pause(pauseMs, undefined, { ref: false });
        pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
      }
    }
    return undefined;
  }

  const listExits = () => Array.from(alive, ({ exited }) => exited);

  /** Resolves with how many threads are left when the time is up. */
  async function end(milliseconds: number): Promise<number> {
    ending = true;
    for (const thread of alive) thread.end();
    const timeIsUp = pause(milliseconds, undefined, { ref: false });
    await Promise.race([Promise.all(listExits()), timeIsUp]);
    return alive.size;
  }

  const list = (state: State) =>
    Array.from(alive).filter((thread) => thread.state === state);

  try {
    const all = await Promise.all(Array.from({ length: size }, add));
    for (const thread of all) void keepOne(thread);
  } catch (cause) {
    for (const thread of alive) thread.end();
    throw new Error('No thread can load it', { cause });
  }
  return { list, end };
}

/** Starts a thread that computes one batch at a time. */
function startThread(options: KeepThreadsOptions) {
  const { model, workerFile, stuckMs, loadMs } = options;
  const worker = new Worker(workerFile, { workerData: model });
  const left = Promise.withResolvers<void>();
  let current: Answer = Promise.withResolvers();

  worker.on('message', (message) => current.resolve(message));
  const exited = once(worker, 'exit').then(
    () => leave(new Error('The worker ended')),
    leave, // its own error
  );

  function leave(error: unknown) {
    current.reject(error);
    left.resolve();
  }

  // #region run-a-batch
  async function run(rows: Float32Array[]) {
    thread.state = 'busy';
    current = Promise.withResolvers();
    worker.postMessage(join(rows));
    const all = await limit(current, stuckMs);
    thread.state = 'idle';
    const width = all.length / rows.length;
    // Copies: an answer that is kept does not keep its batch.
    return rows.map((_, index) =>
      all.slice(index * width, (index + 1) * width),
    );
  }

  // Never terminate(): it aborts the whole process when the thread
  // is inside onnxruntime-node 1.30. This waits until it is not.
  const end = () => worker.postMessage('end');

  /** Another one serves in its place; it ends if its call returns. */
  function lose() {
    thread.state = 'lost';
    left.resolve();
    end();
  }
  // #endregion run-a-batch

  const ready = limit(current, loadMs);
  const thread = {
    state: 'loading' as State,
    ready,
    exited,
    left: left.promise,
    run,
    lose,
    end,
  };
  return thread;
}

function join(rows: Float32Array[]): Float32Array {
  const width = rows[0]?.length ?? 0;
  const joined = new Float32Array(rows.length * width);
  for (const [index, row] of rows.entries())
    joined.set(row, index * width);
  return joined;
}

/** Rejects after ten ticks: a process that was paused has one. */
async function limit(answer: Answer, milliseconds: number) {
  let ticks = 0;
  const timer = setInterval(() => {
    ticks += 1;
    if (ticks < 10) return;
    // An answer that has arrived meanwhile comes first.
    setImmediate(() => answer.reject(new Error('It is stuck')));
  }, milliseconds / 10);
  try {
    return await answer.promise;
  } finally {
    clearInterval(timer);
  }
}
