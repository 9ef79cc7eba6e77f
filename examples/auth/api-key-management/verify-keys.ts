import type { Queryable } from '../../postgres/transactions-and-locking/queryable.ts';
import { ApiKeyError } from './key-error.ts';
import {
  type KeyRules,
  requireRules,
  requireWhole,
} from './key-rules.ts';
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

type Found = VerifiedKey & { isLive: boolean; isDue: boolean };

/** Verifies keys by one query each, so that a revocation counts at once. */
export function createKeyVerifier(options: KeyVerifierOptions) {
  const { pool, log, touchSeconds = 300 } = options;
  const { prefix } = requireRules(options.rules);
  requireWhole('touchSeconds', touchSeconds, 86_400);
  // True for null, and for a time after now: the clock was put back.
  const isDue = `(used_at between now() - interval '${touchSeconds} seconds'
    and now()) is not true`;
  const due = new Set<string>();
  let timer: NodeJS.Timeout | undefined;

  // #region verify
  /** The key of this text; throws an ApiKeyError for any other text. */
  async function verify(text: string): Promise<VerifiedKey> {
    // No query for a key that is cut off, or a megabyte of noise.
    if (!isKey(text, prefix)) throw new ApiKeyError('mistyped_api_key');
    const { rows } = await pool.query<Found>(
      `select issued_keys.id, owner_id as "ownerId", scopes,
         revoked_at is null and ends_at > now()
           and suspended_at is null as "isLive",
         ${isDue} as "isDue"
       from issued_keys
       join users on users.id = owner_id
       where key_hash = $1`,
      [hashKey(text)],
    );
    const [key] = rows;
    if (!key) throw new ApiKeyError('invalid_api_key');
    const { isLive, isDue: mustTouch, ...verified } = key;
    if (!isLive) {
      // Of a client that was forgotten, or of a thief.
      log.warn('inactive api key was used', { keyId: key.id });
      throw new ApiKeyError('invalid_api_key');
    }
    if (mustTouch) touch(key.id);
    return verified;
  }
  // #endregion verify

  // #region touch
  /** No request waits for the write: one statement takes all. */
  function touch(id: string): void {
    // More than a second brings: it is full only when writes fail.
    if (due.size < 10_000) due.add(id);
    timer ??= start(1000);
  }

  function start(ms: number) {
    return setTimeout(() => flush().catch(() => {}), ms).unref();
  }

  /** Writes the last uses that wait; call it before the pool ends. */
  async function flush(): Promise<void> {
    clearTimeout(timer);
    const ids = [...due];
    let pauseMs = 1000;
    try {
      await pool.query(
        `update issued_keys
         set used_at = now()
         where id in (
           select id
           from issued_keys
           where id = any($1) and ${isDue}
           for update skip locked
         )`,
        [ids],
      );
      for (const id of ids) due.delete(id);
    } catch (error) {
      pauseMs = 60_000;
      const details = { keys: ids.length, reason: `${error}` };
      log.warn('last uses not written', details);
    } finally {
      timer = due.size > 0 ? start(pauseMs) : undefined;
    }
  }
  // #endregion touch

  return { verify, flush };
}
