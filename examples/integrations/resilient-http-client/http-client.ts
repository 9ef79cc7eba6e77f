import { setTimeout as pause } from 'node:timers/promises';
import { Agent, interceptors } from 'undici';
import {
  type FaultCode,
  HttpClientError,
} from './http-client-error.ts';
import {
  type HttpRequest,
  type PreparedRequest,
  prepareRequest,
  refuse,
} from './http-request.ts';
import {
  createGuardedConnector,
  isPublicAddress,
  type Lookup,
} from './public-address.ts';
import {
  choosePause,
  createRetryBudget,
  mayRetry,
} from './retry-policy.ts';
import { type Answer, sendOnce } from './send-once.ts';

/** `headers` have lower-case names; `attempts` is 1 when nothing was retried. */
export type HttpAnswer = Answer & { attempts: number };

/** Limits, each with its default; a limit that is none is refused. */
const LIMITS = {
  /** For a call with all its retries and pauses. */
  deadlineMs: 10_000,
  /** For one attempt: connection, headers and body. undici's own
   *  300 s for headers, and for a stall of the body, stay. */
  attemptMs: 3000,
  maxAttempts: 3,
  /** Of a body, compressed and decompressed. */
  maxBytes: 1_048_576,
  /** At once: calls that run or pause, and connections to an origin. */
  maxCalls: 100,
};

export type HttpClientOptions = Partial<typeof LIMITS> & {
  /** `() => true` only for an upstream that you chose yourself. */
  allowAddress?: (address: string) => boolean;
  lookup?: Lookup;
};

/** Calls one upstream, or URLs of users, within limits and a budget. */
export function createHttpClient(options: HttpClientOptions = {}) {
  const { allowAddress = isPublicAddress, lookup, ...given } = options;
  const limits = { ...LIMITS, ...given };
  checkLimits(limits);
  const { deadlineMs, attemptMs, maxAttempts } = limits;
  const { maxBytes, maxCalls } = limits;

  // #region client
  const agent = new Agent({
    connections: maxCalls,
    maxResponseSize: maxBytes,
    // Else a server may ask for 10 minutes, at each of many origins.
    keepAliveMaxTimeout: 4000,
    // Else one TLS handshake that hangs holds up all others.
    allowH2: false,
    connect: createGuardedConnector(attemptMs, allowAddress, lookup),
  });
  const decompressing = agent.compose(
    interceptors.decompress({
      maxSize: maxBytes,
      skipErrorResponses: false,
    }),
  );
  const dispatch = decompressing.dispatch.bind(decompressing);
  // #endregion client

  const budget = createRetryBudget();
  /** The calls that run, each as the function that stops it. */
  const calls = new Set<(code: FaultCode) => void>();
  /** Attempts that undici holds: one that has ended stays with its
   *  body until its connection is made, or fails. */
  let held = 0;
  let closing = false;

  // #region request
  /** Resolves with any status; a redirect is an answer like others. */
  async function request(
    url: string | URL,
    { signal, ...rest }: HttpRequest = {},
  ): Promise<HttpAnswer> {
    const prepared = prepareRequest(url, rest);
    if (closing) throw refuse(prepared, 'closed');
    if (Math.max(calls.size, held) >= maxCalls)
      throw refuse(prepared, 'overloaded');
    if (signal?.aborted) throw refuse(prepared, 'aborted');

    const controller = new AbortController();
    const stop = (code: FaultCode) => controller.abort(code);
    const abort = () => stop('aborted');
    const timer = setTimeout(stop, deadlineMs, 'deadline_exceeded');
    signal?.addEventListener('abort', abort);
    calls.add(stop);
    try {
      return await sendUntilSettled(prepared, controller.signal);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      calls.delete(stop);
    }
  }
  // #endregion request

  async function sendUntilSettled(
    prepared: PreparedRequest,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    const endsAt = performance.now() + deadlineMs;
    let sent = false;
    budget.deposit();
    for (let attempts = 1; ; attempts++) {
      let result = await attempt(prepared, signal);
      sent ||= 'status' in result || result.sent;
      const wait = choosePause(attempts, result);
      if (
        attempts < maxAttempts &&
        mayRetry(prepared, result) &&
        // An answer now is better than one retry after the deadline.
        performance.now() + wait < endsAt &&
        budget.withdraw()
      ) {
        await pause(wait, undefined, { signal }).catch(() => {});
        if (!signal.aborted) continue;
        result = { code: signal.reason, sent, detail: 'stopped' };
      }
      if ('status' in result) return { ...result, attempts };
      throw new HttpClientError(
        prepared,
        { ...result, sent },
        attempts,
      );
    }
  }

  function attempt(prepared: PreparedRequest, signal: AbortSignal) {
    held++;
    return sendOnce(dispatch, prepared, {
      signal,
      limitMs: attemptMs,
      onReleased: () => void held--,
    });
  }

  // #region close
  /** Stops the calls that still run, and refuses new ones. */
  async function close(): Promise<void> {
    closing = true;
    for (const stop of calls) stop('closed');
    await agent.destroy();
  }
  // #endregion close

  return { request, close, [Symbol.asyncDispose]: close };
}

/** A timer of more than 2^31 - 1 ms fires at once. */
function checkLimits(limits: Record<string, number>): void {
  for (const [name, value] of Object.entries(limits))
    if (!Number.isInteger(value) || value < 1 || value > 2_147_483_647)
      throw new RangeError(`${name} is ${value}, which is not a limit`);
}
