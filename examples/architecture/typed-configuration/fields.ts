import { z } from 'zod';

/** The longest pause of a timer of Node; a longer one ends at once. */
const LONGEST_TIMER = 2_147_483_647;

const UNITS = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
]);

// #region whole-number
/** A whole number in decimal digits, within bounds. */
export function wholeNumber(min: number, max: number) {
  if (!Number.isSafeInteger(min) || !Number.isSafeInteger(max))
    throw new RangeError('bounds are numbers that a double can hold');
  return field(
    `must be a whole number from ${min} to ${max}`,
    (text) => {
      // Number() also takes '', ' 3 ', '1e3' and '0x10'.
      if (!/^(0|-?[1-9]\d*)$/.test(text)) return undefined;
      const number = Number(text);
      return number >= min && number <= max ? number : undefined;
    },
  );
}
// #endregion whole-number

/** A port to listen on; 0 takes any that is free. */
export function port() {
  return wholeNumber(0, 65_535);
}

// #region boolean
/** A switch: `true` or `false`, and no other spelling. */
export function boolean() {
  return field('must be true or false', (text) => {
    if (text === 'true') return true;
    return text === 'false' ? false : undefined;
  });
}
// #endregion boolean

/** A time with its unit, `500ms`, `30s`, `5m` or `2h`, in milliseconds. */
export function duration(maxMs: number = LONGEST_TIMER) {
  if (maxMs > LONGEST_TIMER)
    throw new RangeError(`a timer can wait ${LONGEST_TIMER} ms`);
  return field(
    `must be a time with its unit, such as 500ms, 30s, 5m or 2h, of at most ${maxMs} ms`,
    (text) => {
      const [, digits, unit = ''] = /^(\d+)([a-z]+)$/.exec(text) ?? [];
      const ms = Number(digits) * (UNITS.get(unit) ?? Number.NaN);
      return ms <= maxMs ? ms : undefined;
    },
  );
}

// #region http-url
/** An http or https URL without a user name or password: those belong in a `secretUrl`. */
export function httpUrl() {
  return field(
    'must be a URL that begins with https:// or http://, without a password',
    (text) => {
      // The URL parser drops spaces and line breaks in silence.
      const begins = /^https?:\/\//.test(text);
      if (!begins || /\s/.test(text) || !URL.canParse(text))
        return undefined;
      const { username, password } = new URL(text);
      return username || password ? undefined : text;
    },
  );
}
// #endregion http-url

function field<T>(
  error: string,
  parse: (text: string) => T | undefined,
) {
  return z.string({ error }).transform((text, context) => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.addIssue(error);
    return z.NEVER;
  });
}
