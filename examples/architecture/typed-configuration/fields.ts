import { z } from 'zod';
import { hidden } from './secret.ts';

/** The longest pause of a timer of Node; a longer one ends at once. */
const LONGEST_TIMER = 2_147_483_647;

const UNITS = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

// #region whole-number
/** A whole number in decimal digits, within bounds. */
export function wholeNumber(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  return (
    z
      .string({ error })
      // Number() also takes '', ' 3 ', '1e3' and '0x10'.
      .regex(/^(0|-?[1-9]\d*)$/)
      .transform(Number)
      .pipe(z.int({ error }).min(min).max(max))
  );
}
// #endregion whole-number

/** A port to listen on; 0 takes any that is free. */
export function port() {
  return wholeNumber(0, 65_535);
}

/** A time with its unit, `500ms` to `30d`, as milliseconds; unless you say more, what a timer can wait. */
export function duration(maxMs: number = LONGEST_TIMER) {
  const error = `must be a time with its unit, such as 30s, 5m, 2h or 30d, of at most ${maxMs / 1000}s`;
  return z
    .string({ error })
    .transform((text) => {
      const [, digits, unit = ''] = /^(\d+)([a-z]+)$/.exec(text) ?? [];
      return Number(digits) * (UNITS.get(unit) ?? Number.NaN);
    })
    .pipe(z.number({ error }).max(maxMs));
}

// #region http-url
/** An http or https URL without a user name or password: those belong in a `secretUrl`. */
export function httpUrl() {
  const error =
    'must be a URL that begins with https:// or http://, without a password';
  return url(['https', 'http'], error).refine(
    (text) => !/^https?:\/\/[^/?#]*@/.test(text),
  );
}

/** A URL that may hold a password, as that of a database; the password is hidden, and not judged. */
export function secretUrl(...schemes: string[]) {
  const begins = schemes.map((scheme) => `${scheme}://`).join(' or ');
  return hidden(
    url(schemes, `must be a URL that begins with ${begins}`),
  );
}

function url(schemes: string[], error: string) {
  return z.string({ error }).refine(
    (text) =>
      schemes.some((scheme) => text.startsWith(`${scheme}://`)) &&
      // The URL parser drops spaces and line breaks without an error.
      !/\s/.test(text) &&
      URL.canParse(text),
  );
}
// #endregion http-url
