import {
  beginHash,
  createHash,
  isAffordable,
  isHashOf,
  parseHash,
} from './argon2id.ts';
import {
  PasswordRefusedError,
  StoredHashError,
} from './password-error.ts';
import { type Peppers, requirePeppers } from './peppers.ts';
import {
  createWorkQueue,
  type WorkQueueOptions,
} from './work-queue.ts';

export type PasswordHasherOptions = {
  /** The first makes new hashes; the others verify old ones. */
  peppers: Peppers;
  /** What a new hash costs. */
  cost?: { memory: number; passes: number };
  /** How many hashes run at once and may wait: memory is `parallel` × `cost.memory`. */
  queue?: WorkQueueOptions;
  /** Judges hashes without a pepper: `verifyImported`. */
  imported?: (
    password: string,
    stored: string,
  ) => Promise<boolean | undefined>;
};

/** `rehashed` replaces the stored hash, which has an old cost or pepper. */
export type Verdict = { isRight: boolean; rehashed?: string };

/** 64 characters must fit (NIST SP 800-63B-4), in any script. */
const MAX_BYTES = 1024;

/** OWASP's settings of memory in KiB and passes; they defend equally. */
const OWASP = [
  [47_104, 1],
  [19_456, 2],
  [12_288, 3],
  [9216, 4],
  [7168, 5],
] as const;

/** Hashes and verifies passwords, a few at once; the rest waits or is refused. */
export function createPasswordHasher(options: PasswordHasherOptions) {
  const { imported } = options;
  const peppers = requirePeppers(options.peppers);
  const { memory, passes } = options.cost ?? {
    memory: 19_456,
    passes: 2,
  };
  const cost = { memory, passes, lanes: 1 };
  const queue = createWorkQueue(
    options.queue ?? { parallel: 2, waiting: 50 },
  );
  if (!OWASP.some(([kib, times]) => memory >= kib && passes >= times))
    throw new RangeError('the cost is lower than OWASP recommends');
  if (!isAffordable(cost))
    throw new RangeError('the cost is higher than hashes may have');

  const [pepper] = peppers;
  const current = { cost, pepper };
  // A tag of zeros: no password has it.
  const zeros = `${'A'.repeat(22)}$${'A'.repeat(43)}`;
  const nobody = beginHash(cost, pepper.id) + zeros;

  async function hash(
    password: string,
    signal?: AbortSignal,
  ): Promise<string> {
    requireText(password);
    return queue.run(
      () => createHash(normalise(password), current),
      signal,
    );
  }

  // #region verify
  /** Without a stored hash, it takes as long and is never right. */
  async function verify(
    password: string,
    stored?: string | null,
    signal?: AbortSignal,
  ): Promise<Verdict> {
    requireText(password);
    const text = stored ?? nobody;
    return queue.run(async () => {
      const isRight = await isRightFor(password, text);
      if (!isRight || isCurrent(text)) return { isRight };
      const rehashed = await createHash(normalise(password), current);
      return { isRight, rehashed };
    }, signal);
  }

  async function isRightFor(password: string, stored: string) {
    const parsed = parseHash(stored);
    if (parsed?.keyId === undefined) {
      const verdict = await imported?.(password, stored);
      if (verdict !== undefined) return verdict;
      throw new StoredHashError('a stored hash cannot be read');
    }
    const key = peppers.find(({ id }) => id === parsed.keyId);
    if (key) return isHashOf(normalise(password), parsed, key);
    throw new StoredHashError(`there is no pepper ${parsed.keyId}`);
  }
  // #endregion verify

  /** Of a higher cost as well: an instance that is ahead made it. */
  function isCurrent(stored: string) {
    const parsed = parseHash(stored);
    if (parsed?.keyId !== pepper.id) return false;
    const old = parsed.cost;
    return old.memory * old.passes >= memory * passes;
  }

  return { hash, verify, requireRoom: queue.requireRoom };
}

// #region require-text
/** Before any work: a megabyte would be copied and hashed. */
export function requireText(password: string): void {
  const bytes = Buffer.byteLength(password);
  // All lone surrogates have the same bytes in UTF-8.
  if (bytes >= 1 && bytes <= MAX_BYTES && password.isWellFormed())
    return;
  throw new PasswordRefusedError(
    `A password is text of 1 to ${MAX_BYTES} bytes`,
  );
}
// #endregion require-text

// #region normalise
/** An é has one code point or two, by the keyboard (SP 800-63B-4). */
export function normalise(password: string): Buffer {
  return Buffer.from(password.normalize('NFC'));
}
// #endregion normalise
