import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { withDeadline } from './deadline.ts';

/** Resolves when this instance can do that part of its work. */
export type Check = (signal: AbortSignal) => Promise<unknown>;

type Log = Record<
  'info' | 'warn',
  (message: string, details: object) => void
>;

type Options = {
  log: Log;
  /** The pause between two rounds. */
  everyMs?: number;
  /** How long a check may take. */
  timeoutMs?: number;
  /** How many failures in a row turn a check red. */
  toRed?: number;
  /** How many successes in a row turn it green again. */
  toGreen?: number;
};

const UNAVAILABLE = JSON.stringify({
  title: 'Service Unavailable',
  status: 503,
  code: 'not_ready',
});

/** Answers the probes of an orchestrator and of a load balancer. */
export type Health = ReturnType<typeof startHealth>;

/** Asks the checks in the background until `drain`; a probe only reads what they found. */
export function startHealth(options: Options) {
  const { log, everyMs = 5000, timeoutMs = 2000 } = options;
  const { toRed = 3, toGreen = 2 } = options;
  const stopped = new AbortController();
  const watched = new Set<string>();
  const green = new Set<string>();
  let started = false;

  /** Asks the check from now on; it is red until it succeeds. */
  function watch(name: string, check: Check) {
    watched.add(name);
    void askAgain(name, createProbe(check, timeoutMs));
  }

  // #region watch-with-hysteresis
  async function askAgain(
    name: string,
    findError: () => Promise<unknown>,
  ) {
    let failures = 0;
    let successes = 0;
    while (!stopped.signal.aborted) {
      const error = await findError();
      failures = error ? failures + 1 : 0;
      successes = error ? 0 : successes + 1;
      if (failures === toRed) {
        green.delete(name);
        log.warn('a check keeps failing', { check: name, error });
      } else if (successes >= toGreen && !green.has(name)) {
        green.add(name);
        log.info('a check succeeds', { check: name });
      }
      await pause(everyMs, undefined, stopped).catch(() => {});
    }
  }
  // #endregion watch-with-hysteresis

  /** The start is over: what had to be loaded, migrated or warmed up is. */
  function finishStart() {
    started = true;
  }

  /** Turns readiness red for good, and ends the checks. */
  function drain() {
    stopped.abort();
  }

  // #region answer-probes
  function isReady() {
    const good = green.size === watched.size;
    return started && good && !stopped.signal.aborted;
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
    else answerUnavailable(response);
    return true;
  }
  // #endregion answer-probes

  return { answer, drain, finishStart, isReady, watch };
}

/** Which check failed is for the log, not for strangers (RFC 9457). */
function answerUnavailable(response: ServerResponse) {
  response.statusCode = 503;
  response.setHeader('content-type', 'application/problem+json');
  response.end(UNAVAILABLE);
}

// #region ask-once
/** Asks a check within its time; one that still hangs is not asked again. */
function createProbe(check: Check, timeoutMs: number) {
  let hanging = false;

  async function run(signal: AbortSignal) {
    hanging = true;
    try {
      await check(signal);
    } finally {
      hanging = false;
    }
  }

  return async function findError(): Promise<unknown> {
    if (hanging) return new Error('the last check has not ended');
    try {
      await withDeadline(timeoutMs, run);
      return undefined;
    } catch (error) {
      return error;
    }
  };
}
// #endregion ask-once
