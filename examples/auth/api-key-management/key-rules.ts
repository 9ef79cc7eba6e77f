import { ApiKeyError } from './key-error.ts';

/** What keys look like and may do: one constant of your app. */
export type KeyRules<Scope extends string = string> = {
  /** `shop_live`: one for each environment; it never changes. */
  prefix: string;
  /** Every scope that there is. A name is never used again. */
  scopes: readonly Scope[];
};

/** What the owner of a key wants. */
export type KeyRequest = {
  /** By which the owner will know it. */
  name: string;
  scopes: readonly string[];
  /** Until it ends. */
  days: number;
};

/** Refuses rules that give more, or find less, than they seem to. */
export function requireRules<Scope extends string>(
  rules: KeyRules<Scope>,
): KeyRules<Scope> {
  const { prefix, scopes } = rules;
  if (prefix.length > 20 || !/^[a-z\d]+(_[a-z\d]+)*$/.test(prefix))
    throw new RangeError('the prefix is not like shop_live');
  // A `*` would get each scope that is added later.
  for (const scope of scopes)
    if (!/^[\w.:-]+$/.test(scope))
      throw new RangeError(`the scope ${scope} is not like a:read`);
  return rules;
}

// #region require-request
/** Only scopes that exist, one by one, and always an end. */
export function requireRequest(
  { name, scopes, days }: KeyRequest,
  { scopes: known, maxDays }: KeyRules & { maxDays: number },
): void {
  // Postgres stores no NUL; \p{Cf} can hide or turn what follows.
  if (!/^(?=.*\S)[^\p{C}\p{Zl}\p{Zp}]{1,100}$/u.test(name))
    refuse('The name is not 1 to 100 printable characters');
  const isKnown = scopes.every((scope) => known.includes(scope));
  const isOnce = new Set(scopes).size === scopes.length;
  if (!isKnown || !isOnce || scopes.length === 0)
    refuse(`The scopes are not some of: ${known.join(' ')}`);
  requireWhole('days', days, maxDays);
}
// #endregion require-request

/** Refuses what is not a whole number from 1 to the most. */
export function requireWhole(
  name: string,
  value: number,
  most: number,
): void {
  if (!Number.isInteger(value) || value < 1 || value > most)
    refuse(`${name} is not a whole number from 1 to ${most}`);
}

function refuse(message: string): never {
  throw new ApiKeyError('invalid_key_request', { message });
}
