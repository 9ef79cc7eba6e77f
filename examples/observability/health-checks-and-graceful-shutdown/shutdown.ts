import type { EventEmitter } from 'node:events';
import { constants } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { requireTimes, withDeadline } from './deadline.ts';

type Options = {
  log: Record<
    'info' | 'error',
    (message: string, details: object) => void
  >;
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

/** A wrapper may pass on a signal that the whole group got. */
const SAME_SIGNAL_MS = 1000;

/** The program is ending. Catch it around the start, which must not go on. */
export class ShuttingDownError extends Error {
  override readonly name = 'ShuttingDownError';
  readonly code = 'shutting_down';
}

/** Ends the process in order at SIGTERM or SIGINT. Call it first, then `add` what the start opens. */
export function prepareShutdown(options: Options) {
  const { log, noticeMs, limitMs } = options;
  const { signals = process, exit = process.exit } = options;
  requireTimes({ noticeMs, limitMs });
  if (noticeMs >= limitMs)
    throw new RangeError('noticeMs must be less than limitMs');
  const closers: Closer[] = [];
  let began: number | undefined;

  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    signals.on(signal, () => void receive(signal));

  // #region add-closer
  /** Closes what was added last first. Throws once the shutdown has begun, and closes it then too. */
  function add(closer: Closer) {
    requireTimes({ [`limitMs of ${closer.name}`]: closer.limitMs });
    closers.push(closer);
    if (began !== undefined)
      throw new ShuttingDownError('the program is ending');
  }
  // #endregion add-closer

  // #region receive-signal
  async function receive(signal: 'SIGTERM' | 'SIGINT') {
    const now = performance.now();
    if (began !== undefined) {
      if (now - began < SAME_SIGNAL_MS) return;
      // Somebody is in a hurry: 143 or 130, as if it had no handler.
      return exit(128 + constants.signals[signal]);
    }
    began = now;
    log.info('shutting down', { signal });
    const failed = await shutDown(signal, now + limitMs);
    const ms = Math.round(performance.now() - now);
    log.info('shut down', { ms, failed });
    exit(failed.length > 0 ? 1 : 0);
  }
  // #endregion receive-signal

  // #region close-in-order
  async function shutDown(signal: string, end: number) {
    const failed: string[] = [];
    async function attempt(name: string, ms: number, close: Close) {
      const left = Math.max(0, Math.round(end - performance.now()));
      try {
        await withDeadline(Math.min(ms, left), close);
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
