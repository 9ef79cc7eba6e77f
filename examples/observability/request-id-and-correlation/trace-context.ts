import { randomBytes } from 'node:crypto';

/** The part of a trace that runs here, as W3C Trace Context has it. */
export type TraceContext = {
  traceId: string;
  /** This part; the caller's is its parent. */
  spanId: string;
  parentId: string | null;
  /** 1: the trace is sampled. 2: the end of its id is random. */
  flags: number;
  /** What other tracing systems pass on; empty without one. */
  tracestate: string;
};

/** The headers of a request, as Node joins them, or what a job stored. */
export type Carrier = { readonly [header: string]: unknown };

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
export function parseTraceparent(header: string) {
  if (!TRACEPARENT.test(header)) return undefined;
  // Only a later version may have more than four parts.
  if (header.startsWith('00') && header.length > 55) return undefined;
  return {
    traceId: header.slice(3, 35),
    parentId: header.slice(36, 52),
    // Flags that this version does not define must not be passed on.
    flags: Number.parseInt(header.slice(53), 16) & 3,
  };
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
export function parseTracestate(header: string): string {
  const members = header
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

/** Continues the trace of the caller, or starts one when there is none that is valid. */
export function continueTrace(
  carrier: Carrier,
  sampleRate = 1,
): TraceContext {
  const parent = parseTraceparent(readHeader(carrier, 'traceparent'));
  const spanId = createId(8);
  if (parent) {
    const state = readHeader(carrier, 'tracestate');
    return { ...parent, spanId, tracestate: parseTracestate(state) };
  }
  const sampled = Math.random() < sampleRate;
  return {
    traceId: createId(16),
    spanId,
    parentId: null,
    flags: sampled ? 3 : 2,
    tracestate: '',
  };
}

/** The text of a header; empty when there is none. Of a stored job, the types are a promise only. */
export function readHeader(carrier: Carrier, name: string): string {
  const value = carrier[name];
  return typeof value === 'string' ? value : '';
}

/** The headers of one outgoing call: each call is a part of its own. */
export function createTraceHeaders(
  trace: TraceContext,
): Record<string, string> {
  const { traceId, flags, tracestate } = trace;
  const traceparent = `00-${traceId}-${createId(8)}-0${flags}`;
  return tracestate ? { traceparent, tracestate } : { traceparent };
}

function createId(bytes: number): string {
  return randomBytes(bytes).toString('hex');
}
