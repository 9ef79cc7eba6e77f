import type { Fault } from './http-client-error.ts';

type Headers = Record<string, string | string[] | undefined>;

// #region may-retry
/** RFC 9110 §9.2.2: twice has the effect of once. */
const IDEMPOTENT = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'];
/** They mean "not now". 500 is not among them: it may well be a bug. */
const TEMPORARY = [408, 425, 429, 502, 503, 504];
/** They can go away by themselves. */
const PASSING = [
  'connection_failed',
  'connection_lost',
  'attempt_timeout',
];

/** Whether a second attempt can help, and cannot do the thing twice. */
export function mayRetry(
  request: { method: string; headers: Headers },
  result: { status: number } | Fault,
): boolean {
  const repeatable =
    IDEMPOTENT.includes(request.method) ||
    Boolean(request.headers['idempotency-key']); // not an empty one
  if ('status' in result)
    return repeatable && TEMPORARY.includes(result.status);
  return PASSING.includes(result.code) && (repeatable || !result.sent);
}
// #endregion may-retry

// #region retry-budget
const CALLS_PER_RETRY = 10;
const BURST = 10;

/** One retry for each ten calls of a client, and ten at once. */
export function createRetryBudget() {
  const most = BURST * CALLS_PER_RETRY;
  let balance = most;

  return {
    /** Counts a call, not a retry. */
    deposit() {
      balance = Math.min(balance + 1, most);
    },
    /** Takes one retry; false when there is none. */
    withdraw() {
      if (balance < CALLS_PER_RETRY) return false;
      balance -= CALLS_PER_RETRY;
      return true;
    },
  };
}
// #endregion retry-budget

// #region pause
/** Full jitter on top of what the server asks for, in ms. */
export function choosePause(
  attempt: number,
  result: { headers: Headers } | Fault,
): number {
  const most = Math.min(100 * 2 ** (attempt - 1), 10_000);
  const headers = 'headers' in result ? result.headers : {};
  return (readRetryAfter(headers) ?? 0) + Math.random() * most;
}

/** Reads Retry-After (RFC 9110 §10.2.3) in ms; undefined when it is none. */
export function readRetryAfter(headers: Headers): number | undefined {
  const value = String(headers['retry-after']);
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const until = parseHttpDate(value);
  if (until === undefined) return undefined;
  // The server's own Date: its clock may differ from ours.
  const now = parseHttpDate(String(headers.date)) ?? Date.now();
  return Math.max(until - now, 0);
}
// #endregion pause

/** The three forms of RFC 9110 §5.6.7; `Date.parse` alone takes '-5' for a month. */
function parseHttpDate(value: string): number | undefined {
  if (!/ \d\d:\d\d:\d\d (GMT|\d{4})$/.test(value)) return undefined;
  // The oldest form names no zone and means GMT; GMT twice is GMT.
  const time = Date.parse(`${value} GMT`);
  return Number.isNaN(time) ? undefined : time;
}
