import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { HttpClientError } from '../../integrations/resilient-http-client/http-client-error.ts';
import { PasswordRefusedError } from '../password-hashing/password-error.ts';
import {
  type createPasswordHasher,
  normalise,
  requireText,
} from '../password-hashing/password-hasher.ts';
import type { openBreachFilter } from './breach-filter.ts';
import type { createBreachList } from './breach-list.ts';
import { isMadeOf } from './context-words.ts';
import {
  type Weakness,
  WeakPasswordError,
} from './weak-password-error.ts';

export type PasswordPolicyOptions = {
  list: Pick<ReturnType<typeof createBreachList>, 'isListed'>;
  /** Decides while the list is away. */
  filter: ReturnType<typeof openBreachFilter>;
  /** The names of your service, your company and your products. */
  words: readonly string[];
  /** 8 to 14 only if each login asks for a second factor as well. */
  minimum?: number;
  /** For the list, whatever limits it has of its own. */
  listMs?: number;
  log: { warn: (message: string, details: object) => void };
};

type Hasher = ReturnType<typeof createPasswordHasher>;

/** Says which passwords are too weak: by length, names and stolen lists. */
export function createPasswordPolicy(options: PasswordPolicyOptions) {
  const { list, filter, words, log } = options;
  const { minimum = 15, listMs = 2000 } = options;
  // SP 800-63B-4 asks for 8 at least, and to accept 64.
  if (!Number.isInteger(minimum) || minimum < 8 || minimum > 64)
    throw new RangeError('minimum is not a whole number from 8 to 64');

  // #region judge
  /** Undefined when it is good. `names` are those of the user. */
  async function judge(
    password: string,
    names: readonly string[],
    signal?: AbortSignal,
  ): Promise<Weakness | undefined> {
    if (!password.isWellFormed())
      throw new PasswordRefusedError('A character is incomplete');
    requireText(password);
    // As it will be hashed: an é is one character, however typed.
    const bytes = normalise(password);
    const text = bytes.toString();
    if ([...text].length < minimum) return 'password_too_short';
    if (isMadeOf(text, [...words, ...names]))
      return 'password_guessable';
    const sha1 = createHash('sha1').update(bytes).digest();
    if (await isBreached(sha1, signal)) return 'password_breached';
    return undefined;
  }

  async function isBreached(sha1: Buffer, signal?: AbortSignal) {
    const limit = AbortSignal.timeout(listMs);
    const end = signal ? AbortSignal.any([signal, limit]) : limit;
    const late = once(limit, 'abort'); // for a list that hangs
    try {
      const asked = list.isListed(sha1, end);
      const answer = await Promise.race([asked, late]);
      if (typeof answer === 'boolean') return answer;
      throw limit.reason;
    } catch (error) {
      signal?.throwIfAborted();
      const isFull =
        error instanceof HttpClientError && error.code === 'overloaded';
      const what = isFull ? 'overloaded' : 'not reached';
      // A sign-up must not wait for another company to come back.
      log.warn(`breach list ${what}`, { reason: `${error}` });
      return filter.mayHave(sha1);
    }
  }
  // #endregion judge

  // #region guard
  /** The same hasher, which hashes no password that is too weak. */
  function guard(hasher: Hasher, names: readonly string[]): Hasher {
    async function hash(password: string, signal?: AbortSignal) {
      // A flood that is refused anyway must not use up the list.
      hasher.requireRoom();
      const weakness = await judge(password, names, signal);
      if (weakness) throw new WeakPasswordError(weakness, minimum);
      return hasher.hash(password, signal);
    }
    return { ...hasher, hash };
  }
  // #endregion guard

  return { judge, guard };
}
