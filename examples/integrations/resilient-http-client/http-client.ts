import { setTimeout as pause } from 'node:timers/promises';
import { Agent, interceptors } from 'undici';
import {
  HttpClientError,
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
import { createRetryBudget, type RetryBudget } from './retry-budget.ts';
import { choosePause, mayRetry } from './retry-policy.ts';
import {
  type Answer,
  createStop,
  describeFault,
  type Fault,
  sendOnce,
} from './send-once.ts';

/** `headers` have lower-case names; `attempts` is 1 when nothing was retried. */
export type HttpAnswer = Answer & { attempts: number };

/** Limits, each with its default; a limit that is none is refused. */
const LIMITS = {
  /** For a call with all its retries and pauses. */
  deadlineMs: 10_000,
  /** For one attempt: queue, connection, headers and body. */
  attemptMs: 3000,
  maxAttempts: 3,
  /** Of a body, compressed and decompressed. */
  maxBytes: 1_048_576,
  /** To one origin. */
  connections: 50,
  /** To one origin: those that run, wait for a connection, or pause. */
  maxCalls: 200,
  basePauseMs: 100,
};

export type HttpClientOptions = Partial<typeof LIMITS> & {
  budget?: RetryBudget;
  /** `() => true` only for an upstream that you chose yourself. */
  allowAddress?: (address: string) => boolean;
  lookup?: Lookup;
};

/** Calls one upstream, or URLs of users, within limits and a budget. */
export function createHttpClient(options: HttpClientOptions = {}) {
  const {
    budget = createRetryBudget(),
    allowAddress = isPublicAddress,
    lookup,
    ...given
  } = options;
  const limits = { ...LIMITS, ...given };
  checkLimits(limits);

  // #region client
  const agent = new Agent({
    connections: limits.connections,
    maxResponseSize: limits.maxBytes,
    // The limit of the attempt covers both, to the millisecond.
    headersTimeout: 0,
    bodyTimeout: 0,
    allowH2: false,
    connect: createGuardedConnector({
      allowAddress,
      lookup,
      connectMs: limits.attemptMs,
    }),
  });
  const decompressing = agent.compose(
    interceptors.decompress({
      maxSize: limits.maxBytes,
      skipErrorResponses: false,
    }),
  );
  const dispatch = decompressing.dispatch.bind(decompressing);
  // #endregion client

  const load = new Map<string, number>();
  const calls = new Map<AbortController, Promise<HttpAnswer>>();
  let closing = false;

  // #region request
  /** Resolves with any status; a redirect is an answer like others. */
  async function request(
    url: string | URL,
    { signal, ...rest }: HttpRequest = {},
  ): Promise<HttpAnswer> {
    const prepared = prepareRequest(url, rest);
    const { origin } = prepared;
    const waiting = load.get(origin) ?? 0;
    if (closing) throw refuse(prepared, 'closed');
    if (waiting >= limits.maxCalls)
      throw refuse(prepared, 'overloaded');
    if (signal?.aborted) throw refuse(prepared, 'aborted');

    const controller = new AbortController();
    const stop = (code: string) => controller.abort(createStop(code));
    const abort = () => stop('aborted');
    const timer = setTimeout(
      () => stop('deadline_exceeded'),
      limits.deadlineMs,
    );
    signal?.addEventListener('abort', abort);
    load.set(origin, waiting + 1);
    const call = sendUntilSettled(prepared, controller.signal);
    calls.set(controller, call);
    try {
      return await call;
    } finally {
      calls.delete(controller);
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      leave(origin);
    }
  }
  // #endregion request

  // #region retries
  async function sendUntilSettled(
    prepared: PreparedRequest,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    const endsAt = performance.now() + limits.deadlineMs;
    const limit = { signal, limitMs: limits.attemptMs };
    let sent = false;
    budget.deposit();
    for (let attempts = 1; ; attempts++) {
      const fail = (fault: Fault) =>
        new HttpClientError(prepared, { ...fault, sent, attempts });
      const result = await sendOnce(dispatch, prepared, limit);
      sent ||= 'status' in result || result.sent;
      const wait = planPause(prepared, result, { attempts, endsAt });
      if (wait === undefined) {
        if ('status' in result) return { ...result, attempts };
        throw fail(result);
      }
      await pause(wait, undefined, { signal }).catch(() => {});
      if (signal.aborted)
        throw fail(describeFault(signal.reason, sent));
    }
  }

  /** How long to wait before the next attempt; undefined for none. */
  function planPause(
    prepared: PreparedRequest,
    result: Answer | Fault,
    { attempts, endsAt }: { attempts: number; endsAt: number },
  ): number | undefined {
    if (attempts >= limits.maxAttempts) return undefined;
    if (!mayRetry(prepared, result)) return undefined;
    const wait = choosePause({
      attempt: attempts,
      baseMs: limits.basePauseMs,
      headers: 'headers' in result ? result.headers : {},
    });
    // An answer now is better than one retry after the deadline.
    if (performance.now() + wait >= endsAt) return undefined;
    return budget.withdraw() ? wait : undefined;
  }
  // #endregion retries

  function leave(origin: string) {
    const left = (load.get(origin) ?? 0) - 1;
    if (left > 0) load.set(origin, left);
    else load.delete(origin);
  }

  // #region close
  /** Refuses new calls, and gives those that run some time to end. */
  async function close(graceMs = 5000): Promise<void> {
    closing = true;
    const timer = setTimeout(() => {
      for (const controller of calls.keys())
        controller.abort(createStop('closed'));
    }, graceMs);
    await Promise.allSettled(calls.values());
    clearTimeout(timer);
    await agent.destroy();
  }
  // #endregion close

  return { request, close, [Symbol.asyncDispose]: () => close() };
}

/** A timer of more than 2^31 - 1 ms fires at once. */
function checkLimits(limits: Record<string, number>): void {
  for (const [name, value] of Object.entries(limits))
    if (!Number.isInteger(value) || value < 1 || value > 2_147_483_647)
      throw new RangeError(`${name} is ${value}, which is no limit`);
}
