import { EventEmitter, once } from 'node:events';

type WorkerOptions = {
  processNext: () => Promise<boolean>;
  log: { error: (message: string, details: object) => void };
  /** How many files are looked at at once: each takes a core. */
  loops?: number;
  /** How soon it notices what became due, and what others received. */
  pollSeconds?: number;
};

/** Looks at what is due; disposing of it lets files under way finish. */
export function startFileWorker(options: WorkerOptions) {
  const { processNext, log, loops = 2, pollSeconds = 1 } = options;
  const bell = new EventEmitter();
  const stopping = new AbortController();
  let rings = 0;
  const running = Array.from({ length: loops }, () => loop());

  async function loop() {
    while (!stopping.signal.aborted) {
      const heard = rings;
      const found = await processNext().catch(reportFault);
      // Rung since it looked: something may have come just behind it.
      if (!found && heard === rings) await rest();
    }
  }

  /** The database is away, say: files stay due, the loop goes on. */
  function reportFault(error: unknown) {
    log.error('the file worker failed', { error });
    return false;
  }

  async function rest() {
    const pause = AbortSignal.timeout(pollSeconds * 1000);
    const signal = AbortSignal.any([stopping.signal, pause]);
    await once(bell, 'ring', { signal }).catch(() => {});
  }

  async function dispose() {
    stopping.abort();
    await Promise.all(running);
  }

  /** Tells the loops that something may be due. */
  function wake() {
    rings++;
    bell.emit('ring');
  }
  return { wake, [Symbol.asyncDispose]: dispose };
}
