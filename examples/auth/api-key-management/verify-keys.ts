import type { Queryable } from '../../postgres/transactions-and-locking/queryable.ts';
import { ApiKeyError } from './key-error.ts';
import { type KeyRules, requireRules } from './key-rules.ts';
import { hashKey, isKey } from './key-text.ts';

/** Who calls, and what they may do. */
export type VerifiedKey = {
  /** For your log: it gives access to nothing. */
  id: string;
  ownerId: string;
  scopes: readonly string[];
};

export type KeyVerifierOptions = {
  /** The primary: on a replica, a revoked key lives on for a while. */
  pool: Queryable;
  rules: KeyRules;
  log: { warn: (message: string, details: object) => void };
  /** How exact the last use is: it is written once in that time. */
  touchSeconds?: number;
};

/** How many connections the writes of the last use may take. */
const MOST_TOUCHES = 2;

type Found = VerifiedKey & { isLive: boolean; isDue: boolean };

/** Verifies keys by one query each, so that a revocation counts at once. */
export function createKeyVerifier(options: KeyVerifierOptions) {
  const { pool, log, touchSeconds = 300 } = options;
  const { prefix } = requireRules(options.rules);
  if (!Number.isInteger(touchSeconds) || touchSeconds < 1)
    throw new RangeError('touchSeconds is not a whole number from 1');
  const due = `used_at is null
    or used_at < now() - interval '${touchSeconds} seconds'`;
  const touching = new Set<string>();

  // #region verify
  /** The key of this text; throws an ApiKeyError for any other text. */
  async function verify(text: string): Promise<VerifiedKey> {
    // No query for a key that is cut off, or a megabyte of noise.
    if (!isKey(text, prefix)) throw new ApiKeyError('mistyped_api_key');
    const { rows } = await pool.query<Found>(
      `select issued_keys.id, owner_id as "ownerId", scopes,
         revoked_at is null and ends_at > now()
           and suspended_at is null as "isLive",
         ${due} as "isDue"
       from issued_keys
       join users on users.id = owner_id
       where key_hash = $1`,
      [hashKey(text)],
    );
    const [key] = rows;
    if (!key) throw new ApiKeyError('invalid_api_key');
    const { isLive, isDue, ...verified } = key;
    if (!isLive) {
      // Of a client that was forgotten, or of a thief.
      log.warn('ended api key was used', { keyId: key.id });
      throw new ApiKeyError('invalid_api_key');
    }
    if (isDue) touch(key.id);
    return verified;
  }
  // #endregion verify

  // #region touch
  /** No request waits for it, and it waits for no lock. */
  async function touch(id: string): Promise<void> {
    // Another request of this key writes it; the pool is for requests.
    if (touching.has(id) || touching.size >= MOST_TOUCHES) return;
    touching.add(id);
    try {
      await pool.query(
        `update issued_keys
         set used_at = now()
         where id = (
           select id
           from issued_keys
           where id = $1 and (${due})
           for update skip locked
         )`,
        [id],
      );
    } catch (error) {
      // The next request tries again.
      log.warn('last use not written', {
        keyId: id,
        reason: `${error}`,
      });
    } finally {
      touching.delete(id);
    }
  }
  // #endregion touch

  return { verify };
}
