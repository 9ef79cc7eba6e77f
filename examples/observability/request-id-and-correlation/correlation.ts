import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { runWithLogContext } from '../structured-logging/log-context.ts';
import {
  continueTrace,
  createTraceHeaders,
  type HeaderValue,
  readOnce,
  type TraceContext,
  type TraceOptions,
} from './trace-context.ts';

/** What connects the lines, calls, jobs and transactions of one request. */
export type Correlation = { requestId: string; trace: TraceContext };

/** The headers that carry it, between services and with a stored job. */
export type Carrier = {
  'x-request-id'?: HeaderValue;
  traceparent?: HeaderValue;
  tracestate?: HeaderValue;
};

const storage = new AsyncLocalStorage<Correlation>();

// #region receive
// No quote, no angle bracket, no space: safe in a log and in HTML.
const REQUEST_ID = /^[\w.~-]{8,64}$/;

/** Takes what is valid of a request or a job; creates the rest. */
export function receiveCorrelation(
  carrier: Carrier | null | undefined,
  options?: TraceOptions,
): Correlation {
  const id = readOnce(carrier?.['x-request-id']);
  const valid = id !== undefined && REQUEST_ID.test(id);
  return {
    requestId: valid ? id : randomUUID(),
    trace: continueTrace(carrier ?? {}, options),
  };
}

/** Runs a request or a job; the lines that it logs carry its ids. */
export function runWithCorrelation<T>(
  correlation: Correlation,
  run: () => T,
): T {
  const { requestId, trace } = correlation;
  const { traceId, spanId, parentId } = trace;
  const fields = { requestId, traceId, spanId, parentId };
  return storage.run(correlation, () => runWithLogContext(fields, run));
}
// #endregion receive

/** The ids of the request or job that runs now, if one does. */
export function readCorrelation(): Correlation | undefined {
  return storage.getStore();
}

// #region send
/** The headers of one outgoing call, and what to store with a job; none outside a request. */
export function createCarrier(): Record<string, string> {
  const correlation = storage.getStore();
  if (!correlation) return {};
  const headers = createTraceHeaders(correlation.trace);
  return { ...headers, 'x-request-id': correlation.requestId };
}
// #endregion send
