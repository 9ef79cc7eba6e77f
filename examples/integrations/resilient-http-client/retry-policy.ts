type Headers = Record<string, string | string[] | undefined>;

/** How an attempt ended: with an answer, or with none. */
export type AttemptResult =
  | { status: number }
  | { code: string; sent: boolean };

// #region may-retry
/** RFC 9110 §9.2.2: twice has the effect of once. */
const IDEMPOTENT = new Set(
  'GET HEAD OPTIONS TRACE PUT DELETE'.split(' '),
);
/** They mean "not now". 500 is not among them: it may well be a bug. */
const TEMPORARY = new Set([408, 425, 429, 502, 503, 504]);
/** They can go away by themselves. */
const PASSING = new Set([
  'connection_failed',
  'connection_lost',
  'attempt_timeout',
]);

/** Whether a second attempt can help, and cannot do the thing twice. */
export function mayRetry(
  request: { method: string; headers: Headers },
  result: AttemptResult,
): boolean {
  const repeatable =
    IDEMPOTENT.has(request.method) ||
    request.headers['idempotency-key'] !== undefined;
  if ('status' in result)
    return repeatable && TEMPORARY.has(result.status);
  return PASSING.has(result.code) && (repeatable || !result.sent);
}
// #endregion may-retry

// #region pause
/** Full jitter on top of what the server asks for, in ms. */
export function choosePause(
  retry: { attempt: number; baseMs: number; headers: Headers },
  random: () => number = Math.random,
): number {
  const { attempt, baseMs, headers } = retry;
  const most = Math.min(baseMs * 2 ** (attempt - 1), MOST_JITTER_MS);
  return (readRetryAfter(headers) ?? 0) + random() * most;
}

/** Reads Retry-After (RFC 9110 §10.2.3) in ms; undefined when it is none. */
export function readRetryAfter(
  headers: Headers,
  now: number = Date.now(),
): number | undefined {
  const value = headers['retry-after'];
  if (typeof value !== 'string') return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const until = parseHttpDate(value);
  if (until === undefined) return undefined;
  // The server's own Date: its clock may differ from ours.
  return Math.max(until - (parseHttpDate(headers.date) ?? now), 0);
}
// #endregion pause

const MOST_JITTER_MS = 10_000;

/** The three forms of RFC 9110 §5.6.7; `Date.parse` alone takes '-5' for a month. */
const HTTP_DATE =
  /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? .+ \d\d:\d\d:\d\d (GMT|\d{4})$/;

function parseHttpDate(
  value: string | string[] | undefined,
): number | undefined {
  if (typeof value !== 'string' || !HTTP_DATE.test(value))
    return undefined;
  // The oldest form names no zone, and means GMT.
  const time = Date.parse(
    value.endsWith('GMT') ? value : `${value} GMT`,
  );
  return Number.isNaN(time) ? undefined : time;
}
