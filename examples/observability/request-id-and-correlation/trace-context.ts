import { randomBytes } from 'node:crypto';

/** The part of a trace that runs here, as W3C Trace Context has it. */
export type TraceContext = {
  traceId: string;
  /** This part; the caller's is its parent. */
  spanId: string;
  parentId?: string;
  sampled: boolean;
  /** Whether the end of the trace id is random: samplers may rely on it. */
  random: boolean;
  /** What other tracing systems pass on; empty without one. */
  tracestate: string;
};

/** A header that came once, more than once, or not at all. */
export type HeaderValue = string | readonly string[] | undefined;

// #region parse-traceparent
const TRACEPARENT = new RegExp(
  [
    '^(?!ff)[\\da-f]{2}', // version
    '(?!0{32})[\\da-f]{32}', // trace id
    '(?!0{16})[\\da-f]{16}', // parent id
    '[\\da-f]{2}(?:-.*)?$', // flags, parts of later versions
  ].join('-'),
);

/** Reads a traceparent; undefined when it is not valid. */
export function parseTraceparent(header: HeaderValue) {
  const text = readOnce(header);
  if (text === undefined || !TRACEPARENT.test(text)) return undefined;
  // §3.2.4: only a later version may have more than four parts.
  if (text.startsWith('00') && text.length > 55) return undefined;
  const flags = Number.parseInt(text.slice(53), 16);
  return {
    traceId: text.slice(3, 35),
    parentId: text.slice(36, 52),
    sampled: (flags & 1) === 1,
    random: (flags & 2) === 2,
  };
}

/** The value of a header that came exactly once. */
export function readOnce(header: HeaderValue): string | undefined {
  const values: unknown[] = [header].flat();
  const [value] = values;
  // Of a stored job, the types are a promise only.
  const once = values.length === 1 && typeof value === 'string';
  return once ? value : undefined;
}
// #endregion parse-traceparent

// #region parse-tracestate
const MEMBER = new RegExp(
  [
    '^[a-z0-9][a-z0-9_*/@-]{0,255}=', // key
    '[\\x20-\\x2b\\x2d-\\x3c\\x3e-\\x7e]{0,255}', // value
    '[\\x21-\\x2b\\x2d-\\x3c\\x3e-\\x7e]$', // no space at its end
  ].join(''),
);

/** The members to pass on, 512 characters at most; none when one is not valid. */
export function parseTracestate(header: HeaderValue): string {
  const members = [header]
    .join(',')
    .split(',')
    .map((member) => member.replace(/^[ \t]+|[ \t]+$/g, ''))
    .filter((member) => member !== '');
  const valid =
    members.length <= 32 &&
    members.every((member) => MEMBER.test(member));
  return valid ? shorten(members) : '';
}

/** Members over 128 characters go first, then those at the end. */
function shorten(members: string[]): string {
  const whole = members.join(',');
  if (whole.length <= 512) return whole;
  const kept = members.filter(({ length }) => length <= 128);
  while (kept.join(',').length > 512) kept.pop();
  return kept.join(',');
}
// #endregion parse-tracestate

// #region continue-trace
/** Continues the trace of the caller, or starts one when there is none that is valid. */
export function continueTrace(
  headers: { traceparent?: HeaderValue; tracestate?: HeaderValue },
  options: TraceOptions = {},
): TraceContext {
  const parent = parseTraceparent(headers.traceparent);
  if (!parent || options.restart) return startTrace(options.sampleRate);
  return {
    ...parent,
    spanId: createId(8),
    tracestate: parseTracestate(headers.tracestate),
  };
}

/** How a trace begins. */
export type TraceOptions = {
  /** At a public edge: callers choose neither the trace nor what is sampled. */
  restart?: boolean;
  /** The share of new traces that is sampled, from 0 to 1. */
  sampleRate?: number;
};

function startTrace(sampleRate = 1): TraceContext {
  const traceId = createId(16);
  // The same bits decide in each service that samples by trace id.
  const draw = Number.parseInt(traceId.slice(-13), 16) / 2 ** 52;
  const sampled = draw < sampleRate;
  return {
    traceId,
    spanId: createId(8),
    sampled,
    random: true,
    tracestate: '',
  };
}

// #endregion continue-trace

/** The headers of one outgoing call: each call is a part of its own. */
export function createTraceHeaders(trace: TraceContext) {
  const flags = (trace.sampled ? 1 : 0) + (trace.random ? 2 : 0);
  const traceparent = `00-${trace.traceId}-${createId(8)}-0${flags}`;
  const { tracestate } = trace;
  return tracestate ? { traceparent, tracestate } : { traceparent };
}

function createId(bytes: number): string {
  return randomBytes(bytes).toString('hex');
}
