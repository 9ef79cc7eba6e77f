import { AsyncLocalStorage } from 'node:async_hooks';

type Write = (message: string, details?: object) => void;

/** What is sampled, and what it is written to. */
export type SampledLog = {
  debug: Write;
  info: Write;
  warn: Write;
  error: Write;
};

type Kept = { open: boolean; missing: number; lines: (() => void)[] };

/** Creates a log that keeps the lines of a request until it is known whether they are needed. */
export function createSampledLog(
  log: SampledLog,
  { maxLines = 100, clock = () => new Date() } = {},
) {
  const storage = new AsyncLocalStorage<Kept>();

  // #region keep-or-release
  /** Runs a request; when it is not sampled, its lines are written only if it goes wrong. */
  function runSampled<T>(sampled: boolean, run: () => T): T {
    return storage.run({ open: sampled, missing: 0, lines: [] }, run);
  }

  /** Writes what was kept, and all that follows: call it when a request ends badly, or late. */
  function release(): void {
    const kept = storage.getStore();
    if (!kept || kept.open) return;
    kept.open = true;
    for (const write of kept.lines.splice(0)) write();
    const { missing } = kept;
    if (missing > 0) log.warn('lines were not kept', { missing });
  }

  function keep(level: 'debug' | 'info'): Write {
    return (message, details) => {
      const kept = storage.getStore();
      if (!kept || kept.open) return log[level](message, details);
      if (kept.lines.length >= maxLines) {
        kept.missing += 1;
        return;
      }
      const loggedAt = clock().toISOString();
      // Bound, so that the line has the context of now, not of later.
      const write = AsyncLocalStorage.bind(() =>
        log[level](message, { ...details, loggedAt }),
      );
      kept.lines.push(write);
    };
  }
  // #endregion keep-or-release

  function pass(level: 'warn' | 'error'): Write {
    return (message, details) => {
      release();
      log[level](message, details);
    };
  }

  const sampled: SampledLog = {
    debug: keep('debug'),
    info: keep('info'),
    warn: pass('warn'),
    error: pass('error'),
  };
  return { log: sampled, runSampled, release };
}
