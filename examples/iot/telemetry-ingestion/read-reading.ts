import { z } from 'zod';
import type { Reading } from './insert-readings.ts';

const MAX_BYTES = 1024;
const HOUR = 60 * 60 * 1000;

const payloadSchema = z.strictObject({
  sequence: z.int().min(0),
  /** Milliseconds since 1970, up to the year 9999. */
  at: z.int().min(0).max(253_402_300_799_999),
  metric: z.string().regex(/^[a-z][a-z0-9_]{0,39}$/),
  value: z.number(),
});

/** What a payload says, or undefined when it is not a reading. */
export function readReading(
  deviceId: string,
  payload: Buffer,
  receivedAt: Date,
): Reading | undefined {
  if (payload.length > MAX_BYTES) return undefined;
  const parsed = payloadSchema.safeParse(parseJson(payload));
  if (!parsed.success) return undefined;
  const { at, ...rest } = parsed.data;
  const measuredAt = new Date(at);
  return {
    deviceId,
    ...rest,
    measuredAt,
    at: believe(measuredAt, receivedAt),
    receivedAt,
  };
}

// #region believe
/** Late data is normal. Before the device was made, or tomorrow, is not. */
function believe(measuredAt: Date, receivedAt: Date): Date {
  const age = receivedAt.getTime() - measuredAt.getTime();
  const isPossible = age > -HOUR && age < 30 * 24 * HOUR;
  return isPossible ? measuredAt : receivedAt;
}
// #endregion believe

function parseJson(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString());
  } catch {
    return undefined;
  }
}
