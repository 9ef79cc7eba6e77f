import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  continueTrace,
  createTraceHeaders,
  parseTraceparent,
  parseTracestate,
} from './trace-context.ts';

const propagator = new W3CTraceContextPropagator();
const getter = {
  get: (carrier: Record<string, string>, key: string) => carrier[key],
  keys: Object.keys,
};

const text = (
  characters: string,
  minLength: number,
  maxLength: number,
) =>
  fc.string({
    unit: fc.constantFrom(...characters),
    minLength,
    maxLength,
  });
const hex = (length: number) =>
  text('0123456789abcdef', length, length);
/** Mostly right, and else wrong in one of the ways that occur. */
const id = (length: number) =>
  fc.oneof(
    { weight: 8, arbitrary: hex(length) },
    hex(length - 1),
    hex(length + 1),
    hex(length).map((value) => value.toUpperCase()),
    fc.constant('0'.repeat(length)),
    text('0123456789abcdefg.- ', length, length),
  );
const version = fc.oneof(fc.constantFrom('00', 'ff', 'cc'), id(2));
const rest = fc.oneof(
  { weight: 4, arbitrary: fc.constant('') },
  fc.constantFrom('-', '.', '-future', '-01', ','),
);
const traceparents = fc
  .tuple(version, id(32), id(16), id(2), rest)
  .map(([first, traceId, spanId, flags, end]) =>
    [first, traceId, spanId, flags].join('-').concat(end),
  );

it('accepts and refuses each generated traceparent as OpenTelemetry does', () => {
  const counts = { accepted: 0, refused: 0 };
  fc.assert(
    fc.property(traceparents, (traceparent) => {
      const context = propagator.extract(
        ROOT_CONTEXT,
        { traceparent },
        getter,
      );
      const theirs = trace.getSpanContext(context);
      const ours = parseTraceparent(traceparent);
      counts[ours ? 'accepted' : 'refused']++;
      expect([ours?.traceId, ours?.parentId]).toEqual([
        theirs?.traceId,
        theirs?.spanId,
      ]);
      if (theirs) expect(ours?.flags).toBe(theirs.traceFlags & 3);
    }),
    { numRuns: 5000 },
  );
  expect(counts.accepted).toBeGreaterThan(500);
  expect(counts.refused).toBeGreaterThan(500);
});

it('passes on each generated tracestate that is valid as OpenTelemetry does', () => {
  const keys = fc
    .tuple(text('abcxyz', 1, 1), text('abcxyz0189_-*/', 0, 10))
    .map((parts) => parts.join(''));
  const values = text('abcXYZ019 !#:;<>~', 0, 10).map(
    (value) => `${value}x`,
  );
  const lists = fc.uniqueArray(fc.tuple(keys, values), {
    selector: ([key]) => key,
    minLength: 1,
    maxLength: 20,
  });
  fc.assert(
    fc.property(lists, (members) => {
      const tracestate = members
        .map((pair) => pair.join('='))
        .join(' , ');
      const traceparent = createTraceHeaders(
        continueTrace({}),
      ).traceparent;
      const carrier = { traceparent, tracestate };
      const context = propagator.extract(ROOT_CONTEXT, carrier, getter);
      const theirs = trace.getSpanContext(context)?.traceState;
      expect(parseTracestate(tracestate)).toBe(theirs?.serialize());
    }),
    { numRuns: 1000 },
  );
});

it('writes headers that OpenTelemetry reads', () => {
  fc.assert(
    fc.property(fc.constantFrom(0, 1, 2, 3), (flags) => {
      const ours = { ...continueTrace({}), flags };
      const context = propagator.extract(
        ROOT_CONTEXT,
        { ...createTraceHeaders(ours) },
        getter,
      );
      expect(trace.getSpanContext(context)).toMatchObject({
        traceId: ours.traceId,
        traceFlags: flags,
      });
    }),
  );
});
