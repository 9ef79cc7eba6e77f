import { inspect } from 'node:util';
import { z } from 'zod';

// #region hide-secret
/** A value that prints as `[secret]`; only `reveal` gives it out. */
export class Secret<T = string> {
  // A private field: inspect, Object.keys, JSON.stringify and
  // structuredClone do not see it.
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  /** The value itself; call it where the value is used. */
  reveal(): T {
    return this.#value;
  }

  /** `${secret}` would be the same key in every app, so it throws. */
  toString(): never {
    throw new TypeError('a secret has no text: call reveal()');
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return this.toJSON();
  }
}

/** Any field, as a secret: a token of a provider, a list of keys. */
export function hidden<T, From>(field: z.ZodType<T, From>) {
  return field.transform((value) => new Secret(value));
}
// #endregion hide-secret

const RULE =
  'must be at least 32 random bytes as hex or base64; make one: node -p "crypto.randomBytes(32).toString(\'base64url\')"';

/** A secret that you make: at least 32 random bytes, as hex or base64. */
export function secret() {
  return hidden(
    z.string({ error: RULE }).superRefine((value, context) => {
      const weakness = findWeakness(value);
      if (weakness) context.addIssue(`${weakness}; ${RULE}`);
    }),
  );
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
  if (/[^!-~]/.test(value))
    return 'has a space, a line break or another character that is not printable';
  if (value.length < SHORTEST) return 'is too short';
  if (value.length > LONGEST) return 'is too long';
  const distinct = new Set(value).size;
  if (distinct < FEWEST_DISTINCT || GUESSABLE.test(value))
    return 'is easy to guess';
  return undefined;
}
// #endregion judge-secret
