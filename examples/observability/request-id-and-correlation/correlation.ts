import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { runWithLogContext } from '../structured-logging/log-context.ts';
import {
  type Carrier,
  continueTrace,
  createTraceHeaders,
  readHeader,
  type TraceContext,
} from './trace-context.ts';

/** What connects the lines, calls, jobs and transactions of one request. */
export type Correlation = TraceContext & { requestId: string };

const storage = new AsyncLocalStorage<Correlation>();

// #region receive
// No quote, no angle bracket, no space: safe in a log and in HTML.
const REQUEST_ID = /^[\w.~-]{8,64}$/;

/** Takes what is valid of a request or a job; creates the rest. */
export function receiveCorrelation(
  carrier: Carrier | null | undefined,
  sampleRate?: number,
): Correlation {
  const id = readHeader(carrier ?? {}, 'x-request-id');
  return {
    requestId: REQUEST_ID.test(id) ? id : randomUUID(),
    ...continueTrace(carrier ?? {}, sampleRate),
  };
}

/** Runs a request or a job; the lines that it logs carry its ids. */
export function runWithCorrelation<T>(
  correlation: Correlation,
  run: () => T,
): T {
  const { requestId, traceId, spanId, parentId } = correlation;
  const fields = { requestId, traceId, spanId, parentId };
  return storage.run(correlation, () => runWithLogContext(fields, run));
}
// #endregion receive

/** The ids of the request or job that runs now, if one does. */
export function readCorrelation(): Correlation | undefined {
  return storage.getStore();
}

// #region send
/** The headers of one call, or what to store with one job; none outside a request. */
export function createCarrier(): Record<string, string> {
  const correlation = storage.getStore();
  if (!correlation) return {};
  const headers = createTraceHeaders(correlation);
  return { ...headers, 'x-request-id': correlation.requestId };
}
// #endregion send
