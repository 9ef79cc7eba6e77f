import type { EventEmitter } from 'node:events';
import { constants } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { withDeadline } from './deadline.ts';

type Log = Record<
  'info' | 'error',
  (message: string, details: object) => void
>;

type Options = {
  log: Log;
  /** Runs at the signal: turns readiness red, and says goodbye. */
  announce: () => void;
  /** How long the balancer takes to notice, at most. */
  noticeMs: number;
  /** The whole shutdown takes no longer; the orchestrator must wait longer than this. */
  limitMs: number;
  signals?: Pick<EventEmitter, 'on'>;
  exit?: (code: number) => void;
};

type Close = (signal: AbortSignal) => PromiseLike<unknown>;
type Closer = { name: string; limitMs: number; close: Close };

/** The program is on its way out: the start must not go on. */
export class ShuttingDownError extends Error {
  override readonly name = 'ShuttingDownError';
  readonly code = 'shutting_down';
}

/** Ends the process in order at SIGTERM or SIGINT. Call it first, then `add` what the start opens. */
export function prepareShutdown(options: Options) {
  const { log, noticeMs, limitMs } = options;
  const { signals = process, exit = process.exit } = options;
  if (!(noticeMs >= 0 && noticeMs < limitMs))
    throw new RangeError('noticeMs must be less than limitMs');
  const closers: Closer[] = [];
  let begun = false;

  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    signals.on(signal, () => void receive(signal));

  // #region add-closer
  /** Closes what was added last first. Throws once the shutdown has begun, and closes it then too. */
  function add(closer: Closer) {
    closers.push(closer);
    if (begun) throw new ShuttingDownError('the program is ending');
  }
  // #endregion add-closer

  // #region receive-signal
  async function receive(signal: 'SIGTERM' | 'SIGINT') {
    // Somebody is in a hurry: 143 or 130, as if it had no handler.
    if (begun) return exit(128 + constants.signals[signal]);
    begun = true;
    const began = performance.now();
    log.info('shutting down', { signal });
    const failed = await shutDown(signal, began);
    const ms = Math.round(performance.now() - began);
    log.info('shut down', { ms, failed });
    exit(failed.length > 0 ? 1 : 0);
  }
  // #endregion receive-signal

  // #region close-in-order
  async function shutDown(signal: string, began: number) {
    const failed: string[] = [];
    async function attempt(name: string, ms: number, close: Close) {
      const left = Math.ceil(began + limitMs - performance.now());
      try {
        await withDeadline(Math.max(0, Math.min(ms, left)), close);
      } catch (error) {
        failed.push(name);
        log.error('could not close', { name, error });
      }
    }

    await attempt('announce', limitMs, async () => options.announce());
    // Ctrl-C is a developer: no balancer has to notice.
    if (signal === 'SIGTERM') await pause(noticeMs);
    for (let next = closers.pop(); next; next = closers.pop())
      await attempt(next.name, next.limitMs, next.close);
    return failed;
  }
  // #endregion close-in-order

  return { add };
}
