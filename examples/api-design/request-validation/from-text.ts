import { z } from 'zod';

type Range = { min: number; max: number };

// #region from-text
/** Decimal digits only: not '', ' 5', '0x10', '1e3' or '007'. */
export function integerText({ min, max }: Range) {
  return z
    .string()
    .regex(/^(?:0|-?[1-9]\d*)$/, 'Write a whole number')
    .transform(Number)
    .pipe(z.int().min(min).max(max));
}

/** `Boolean('false')` is true. */
export const booleanText = z.stringbool({
  truthy: ['true'],
  falsy: ['false'],
  case: 'sensitive',
});

/** With an offset: without one, a time is another on each server. */
export const instantText = z.iso
  .datetime({
    offset: true,
    error: 'Write a time such as 2026-01-31T12:00:00Z',
  })
  .transform((text) => new Date(text));

/** A query parameter that may be given several times. */
export function listText<T extends z.ZodType>(item: T, max: number) {
  const toList = (value: unknown) =>
    value === undefined || Array.isArray(value) ? value : [value];
  return z.preprocess(toList, z.array(item).max(max));
}
// #endregion from-text
