import { z } from 'zod';
import { createRequestParser } from '../../api-design/request-validation/create-request-parser.ts';
import {
  instantText,
  integerText,
} from '../../api-design/request-validation/from-text.ts';
import { ZONE_NAME } from './history.ts';
import type { Appended, Reading } from './readings.ts';

const TWENTY_YEARS = 20 * 366 * 86_400_000;

const name = z.string().regex(/^[a-z0-9-]{1,64}$/);
const params = z.strictObject({ name });

const zone = z
  .string()
  .regex(ZONE_NAME)
  .refine(isKnown, { error: 'Name a zone such as Europe/Berlin' });

function isKnown(timeZone: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone }));
  } catch {
    return false;
  }
}

const from = instantText;
const to = instantText;

function isSpan({ from, to }: { from: Date; to: Date }): boolean {
  // Also called when one of them was not valid.
  const length = Number(to) - Number(from);
  return length > 0 && length <= TWENTY_YEARS;
}
const advice = {
  path: ['to'],
  error: 'must be at most 20 years after from',
};

/** Reads the name of a sensor. */
export const parseSensor = createRequestParser({ params });

/** Reads the names of at most 1,000 sensors. */
export const parseSearch = createRequestParser({
  query: z.strictObject({
    name: z.union([
      z.array(name).max(1000),
      name.transform((one) => [one]),
    ]),
  }),
});

/** Reads a span whose readings are to be erased. */
export const parseErasure = createRequestParser({
  params,
  query: z.strictObject({ from, to }).refine(isSpan, advice),
});

/** Reads the span, zone and size of a history. */
export const parseHistory = createRequestParser({
  params,
  query: z
    .strictObject({
      from,
      to,
      zone: zone.default('UTC'),
      maxPoints: integerText({ min: 50, max: 2000 }).default(800),
    })
    .refine(isSpan, advice),
});

/** Reads a batch; its readings are checked one by one. */
export const parseBatch = createRequestParser(
  {
    body: z.strictObject({
      readings: z.array(z.unknown()).min(1).max(5000),
    }),
  },
  { maxBytes: 1_000_000 },
);

const reading = z.strictObject({
  sensor: name,
  at: instantText,
  value: z.number(),
});

/** Stores the readings that have the right form, and says for each other one why not. */
export async function appendEach(
  given: unknown[],
  append: (readings: Reading[]) => Promise<Appended>,
) {
  const places: number[] = [];
  const readings: Reading[] = [];
  const refused: { index: number; code: string }[] = [];
  for (const [index, item] of given.entries()) {
    const { data } = reading.safeParse(item);
    if (data) {
      places.push(index);
      readings.push(data);
    } else refused.push({ index, code: 'invalid_reading' });
  }
  const answer = await append(readings);
  for (const { index, code } of answer.refused)
    refused.push({ index: places[index] ?? index, code });
  return { ...answer, refused };
}
