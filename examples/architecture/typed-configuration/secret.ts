import { inspect } from 'node:util';
import { z } from 'zod';

const HIDDEN = '[secret]';

// #region hide-secret
/** A value that prints as `[secret]`; only `reveal` gives it out. */
export class Secret {
  // A private field: inspect, Object.keys, JSON.stringify and
  // structuredClone do not see it.
  readonly #value: string;

  constructor(value: string) {
    if (value === '') throw new TypeError('a secret must not be empty');
    this.#value = value;
  }

  /** The value itself; call it where the value is used. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }

  [inspect.custom](): string {
    return HIDDEN;
  }
}
// #endregion hide-secret

const MAKE_ONE =
  'make one: node -p "crypto.randomBytes(32).toString(\'base64url\')"';

/** A secret of at least 32 random bytes, as hex or base64; `advice` says how to make one. */
export function secret(advice: string = MAKE_ONE) {
  const error = `must be at least 32 random bytes as hex or base64; ${advice}`;
  return z
    .string({ error })
    .transform((value, context) => {
      const weakness = findWeakness(value);
      if (!weakness) return new Secret(value);
      context.addIssue(`${weakness}; ${error}`);
      return z.NEVER;
    })
    .meta({ writeOnly: true });
}

// #region judge-secret
/** 32 bytes are 43 characters in base64 without padding. */
const SHORTEST = 43;

/** Nobody types a longer one, and the check for repeats takes the square of it. */
const LONGEST = 1024;

/** Hex has 16 characters; fewer than 10 of them in 32 random bytes happen once in 10^12. */
const FEWEST_DISTINCT = 10;

/** Words of tutorials, runs of the keyboard, or eight characters that come twice: 1 in 10^6 by chance. */
const GUESSABLE =
  /secret|passw|change.?me|example|default|123456|abcdef|qwerty|(.{8}).*\1/i;

function findWeakness(value: string): string | undefined {
  if (/\s/.test(value)) return 'has a space or a line break in it';
  if (value.length < SHORTEST) return 'is too short';
  if (value.length > LONGEST) return 'is too long';
  const distinct = new Set(value).size;
  if (distinct < FEWEST_DISTINCT || GUESSABLE.test(value))
    return 'is easy to guess';
  return undefined;
}
// #endregion judge-secret

/** A URL that holds a password, as that of a database; the password is not judged. */
export function secretUrl(...schemes: string[]) {
  const error = `must be a URL that begins with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`;
  return z
    .string({ error })
    .refine(
      (text) =>
        schemes.some((scheme) => text.startsWith(`${scheme}://`)) &&
        URL.canParse(text) &&
        !/\s/.test(text),
    )
    .transform((text) => new Secret(text))
    .meta({ writeOnly: true });
}
