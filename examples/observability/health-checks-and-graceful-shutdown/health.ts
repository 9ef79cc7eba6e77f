import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { requireTimes, withDeadline } from './deadline.ts';

/** Resolves when this instance can do that part of its work. */
type Check = (signal: AbortSignal) => Promise<unknown>;

type Ask = () => Promise<void>;

type Options = {
  log: Record<
    'info' | 'warn',
    (message: string, details: object) => void
  >;
  /** The pause between two calls of a check. */
  everyMs?: number;
  /** How long a check may take. */
  timeoutMs?: number;
};

/** Failures in a row that turn a check red. */
const TO_RED = 3;
/** Successes in a row that turn it green. */
const TO_GREEN = 2;

/** Which check failed is for the log, not for strangers (RFC 9457). */
const PROBLEM = { 'content-type': 'application/problem+json' };
const NOT_READY =
  '{"title":"Service Unavailable","status":503,"code":"not_ready"}';

/** Calls the checks in the background until `drain`; a probe only reads what they found. */
export function startHealth(options: Options) {
  const { log, everyMs = 1000, timeoutMs = 2000 } = options;
  requireTimes({ everyMs, timeoutMs });
  const red = new Set<Ask>();
  let started = false;
  let draining = false;

  /** Calls the check from now on; it is red until it succeeds. */
  function watch(name: string, check: Check) {
    void repeat(name, askOnce(check, timeoutMs));
  }

  // #region watch-with-hysteresis
  async function repeat(name: string, ask: Ask) {
    let failures = 0;
    let successes = 0;
    red.add(ask);
    while (!draining) {
      try {
        await ask();
        failures = 0;
        successes += 1;
        if (successes >= TO_GREEN && red.delete(ask))
          log.info('a check succeeds', { check: name });
      } catch (error) {
        failures += 1;
        successes = 0;
        if (failures === TO_RED) {
          red.add(ask);
          log.warn('a check keeps failing', { check: name, error });
        }
      }
      await pause(everyMs);
    }
  }
  // #endregion watch-with-hysteresis

  /** The start is over: what had to be loaded, migrated or warmed up is. */
  function finishStart() {
    started = true;
  }

  /** Turns readiness red for good, and ends the checks. */
  function drain() {
    draining = true;
  }

  // #region answer-probes
  function isReady() {
    return started && !draining && red.size === 0;
  }

  const probes = new Map([
    // The process answers: no database can make it restart.
    ['/livez', () => true],
    ['/startupz', () => started],
    ['/readyz', isReady],
  ]);

  /** Answers a probe and returns true; leaves other requests alone. */
  function answer(request: IncomingMessage, response: ServerResponse) {
    const [path = ''] = (request.url ?? '').split('?');
    const isGood = probes.get(path);
    if (!isGood) return false;
    response.setHeader('cache-control', 'no-store');
    if (isGood()) response.end('ok');
    else response.writeHead(503, PROBLEM).end(NOT_READY);
    return true;
  }
  // #endregion answer-probes

  return { answer, drain, finishStart, isReady, watch };
}

// #region ask-once
/** Asks a check within its time; while a call hangs, there is no other. */
function askOnce(check: Check, timeoutMs: number) {
  let hanging = false;

  async function call(signal: AbortSignal) {
    hanging = true;
    try {
      await check(signal);
    } finally {
      hanging = false;
    }
  }

  return async function ask() {
    if (hanging) throw new Error('the last call has not ended');
    await withDeadline(timeoutMs, call);
  };
}
// #endregion ask-once
