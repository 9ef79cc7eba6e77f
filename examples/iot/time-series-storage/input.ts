import { z } from 'zod';

const TWENTY_YEARS = 20 * 366 * 86_400_000;

const sensor = z.string().regex(/^[a-z0-9-]{1,64}$/);

/** With `Z` or an offset: a local time means two moments once a year. */
const moment = z.iso
  .datetime({ offset: true })
  .transform((text) => new Date(text));

/** Names only: Postgres reads `+02:00` as two hours west of Greenwich. */
const zone = z
  .string()
  .regex(/^[A-Za-z][\w+/-]{1,63}$/)
  .refine(isZone, { error: 'Name a zone such as Europe/Berlin' });

function isZone(timeZone: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone }));
  } catch {
    return false;
  }
}

/** The name of a sensor in a path. */
export const sensorParams = z.object({ name: sensor });

/** A batch; JSON has no NaN, and `null` is no number. */
export const batch = z.strictObject({
  readings: z
    .array(
      z.strictObject({
        sensor,
        at: moment,
        value: z.number().gt(-1e15).lt(1e15),
      }),
    )
    .min(1)
    .max(5000),
});

/** The span, zone and size of a history. */
export const historyQuery = z
  .strictObject({
    from: moment,
    to: moment,
    zone: zone.default('UTC'),
    maxPoints: z.coerce.number().int().min(50).max(2000).default(500),
  })
  .refine(({ from, to }) => from < to, {
    path: ['to'],
    error: 'must be after from',
  })
  .refine(({ from, to }) => Number(to) - Number(from) <= TWENTY_YEARS, {
    path: ['to'],
    error: 'must be at most 20 years after from',
  });
