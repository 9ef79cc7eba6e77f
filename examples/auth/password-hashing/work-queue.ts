import { QueueFullError } from './password-error.ts';

export type WorkQueueOptions = {
  /** How much runs at once. */
  parallel: number;
  /** How much may wait; the rest is refused. */
  waiting: number;
};

/** Runs work in the order it comes, so much at once and no more. */
export function createWorkQueue(options: WorkQueueOptions) {
  const { parallel, waiting } = options;
  // libuv has 4 threads, and files and DNS need them too.
  const threads = Number(process.env.UV_THREADPOOL_SIZE ?? 4);
  if (!(parallel >= 1 && parallel < threads))
    throw new RangeError(
      `parallel is not between 1 and ${threads - 1}: leave a thread of UV_THREADPOOL_SIZE free`,
    );
  if (!(waiting >= 0 && waiting <= 1000))
    throw new RangeError('waiting is not between 0 and 1000');

  const line: (() => void)[] = [];
  let running = 0;

  // #region run
  /** Rejects at once when the line is full, or `signal` aborts. */
  async function run<Result>(
    work: () => Promise<Result>,
    signal?: AbortSignal,
  ): Promise<Result> {
    signal?.throwIfAborted();
    requireRoom();
    if (running < parallel) running += 1;
    else await waitInLine(signal);
    try {
      return await work();
    } finally {
      const next = line.shift();
      // The next one takes over this place.
      if (next) next();
      else running -= 1;
    }
  }
  // #endregion run

  /** Throws when the line is full: ask before work that leads here. */
  function requireRoom(): void {
    if (running >= parallel && line.length >= waiting)
      throw new QueueFullError();
  }

  function waitInLine(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      line.push(start);
      signal?.addEventListener('abort', leave);

      function start() {
        signal?.removeEventListener('abort', leave);
        resolve();
      }
      // A client that is gone must not cost a hash.
      function leave() {
        line.splice(line.indexOf(start), 1);
        reject(signal?.reason);
      }
    });
  }

  return { run, requireRoom };
}
