import { z } from 'zod';

// #region from-text
/** Decimal digits only: not '', ' 5', '0x10', '1e3' or '007'. */
export function integerText({
  min,
  max,
}: {
  min: number;
  max: number;
}) {
  return z
    .string()
    .regex(/^(?:0|-?[1-9]\d*)$/, 'Write a whole number')
    .transform(Number)
    .pipe(z.int().min(min).max(max));
}

/** For numbers above 2^53, which `Number` would round. */
export const bigintText = z
  .string()
  .max(40)
  .regex(/^(?:0|-?[1-9]\d*)$/, 'Write a whole number')
  .transform(BigInt);

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
export function listText<Item extends z.ZodType>(
  item: Item,
  max: number,
) {
  const toList = (value: unknown) =>
    value === undefined || Array.isArray(value) ? value : [value];
  return z.preprocess(toList, z.array(item).max(max));
}
// #endregion from-text
