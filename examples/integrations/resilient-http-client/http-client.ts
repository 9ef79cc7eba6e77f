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
  /** For one attempt: queue, connection, headers and body. undici's own
   *  300 s for headers, and for a stall of the body, stay. */
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

  /** Those that run, by origin. */
  const calls = new Map<string, Set<Call>>();
  let closing = false;

  // #region request
  /** Resolves with any status; a redirect is an answer like others. */
  async function request(
    url: string | URL,
    { signal, ...rest }: HttpRequest = {},
  ): Promise<HttpAnswer> {
    const prepared = prepareRequest(url, rest);
    const { origin } = prepared;
    const others = calls.get(origin) ?? new Set<Call>();
    if (closing) throw refuse(prepared, 'closed');
    if (others.size >= limits.maxCalls)
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
    const answer = sendUntilSettled(prepared, controller.signal);
    const call = { stop, answer };
    calls.set(origin, others.add(call));
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      others.delete(call);
      if (others.size === 0) calls.delete(origin);
    }
  }
  // #endregion request

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

  // #region close
  /** Refuses new calls, and gives those that run some time to end. */
  async function close(graceMs = limits.deadlineMs): Promise<void> {
    closing = true;
    const running = [...calls.values()].flatMap((some) => [...some]);
    const timer = setTimeout(() => {
      for (const { stop } of running) stop('closed');
    }, graceMs);
    await Promise.allSettled(running.map(({ answer }) => answer));
    clearTimeout(timer);
    await agent.destroy();
  }
  // #endregion close

  return { request, close, [Symbol.asyncDispose]: () => close() };
}

type Call = {
  stop: (code: string) => void;
  answer: Promise<HttpAnswer>;
};

/** A timer of more than 2^31 - 1 ms fires at once. */
function checkLimits(limits: Record<string, number>): void {
  for (const [name, value] of Object.entries(limits))
    if (!Number.isInteger(value) || value < 1 || value > 2_147_483_647)
      throw new RangeError(`${name} is ${value}, which is no limit`);
}
