import type { Pool } from 'pg';
import { HttpProblem } from '../../api-design/error-handling/http-problem.ts';
import type {
  Session,
  Sessions,
} from '../session-management/session.ts';

export type PasskeysOptions = {
  /** To the primary, with read committed. */
  pool: Pick<Pool, 'query'>;
  sessions: Pick<Sessions, 'begin' | 'logout' | 'logoutEverywhere'>;
  rp: Rp;
  log: { warn: (message: string, details: object) => void };
};

/** The relying party: who asks for passkeys. */
export type Rp = {
  /** A domain, to which passkeys are bound for ever. */
  id: string;
  name: string;
  /** Where your pages are: `https://shop.example.com`. */
  origins: string[];
};

/** A passkey, as its user may see it. */
export type Passkey = {
  id: string;
  name: string;
  /** Whether it survives the loss of the device, as of its last use. */
  backedUp: boolean;
  createdAt: Date;
  usedAt: Date | null;
};

/** Who is signed in, since when. */
export type Current = Pick<Session, 'id' | 'userId' | 'createdAt'>;

/** What users see and remove. */
export function createPasskeys(options: PasskeysOptions) {
  const { pool, sessions } = options;

  // #region require-fresh
  /** A stolen session is often old. By the clock of Postgres, which made it. */
  async function requireFresh({ createdAt }: Current): Promise<void> {
    const { rows } = await pool.query<{ isFresh: boolean }>(
      `select $1 between now() - interval '10 min' and now() as "isFresh"`,
      [createdAt],
    );
    if (rows[0]?.isFresh) return;
    throw new HttpProblem(403, 'sign_in_again', 'Sign in again');
  }

  // #endregion require-fresh

  async function list(userId: string): Promise<Passkey[]> {
    const { rows } = await pool.query<Passkey>(
      `select id, name, backed_up as "backedUp",
         created_at as "createdAt", used_at as "usedAt"
       from passkeys
       where user_id = $1
       order by created_at, id`,
      [userId],
    );
    return rows;
  }

  // #region remove
  /** Removes a passkey, if it is there, and ends all other sessions. */
  async function remove(current: Current, id: string): Promise<void> {
    await requireFresh(current);
    const { userId, id: except } = current;
    // Before, as this may stop halfway; after, as others may sign in.
    await sessions.logoutEverywhere(userId, { except });
    if (isBase64url(id)) await removeUnlessLast(id, userId);
    await sessions.logoutEverywhere(userId, { except });
  }

  /** Two removals at once wait for each other. */
  async function removeUnlessLast(id: string, userId: string) {
    const { rows } = await pool.query<{ isLast: boolean }>(
      `with own as (
         select id
         from passkeys
         where user_id = $2
         order by id
         for update
       ), removed as (
         delete from passkeys
         where id = $1 and user_id = $2
           and (select count(*) from own) > 1
       )
       select array_agg(id) = array[$1] as "isLast" from own`,
      [id, userId],
    );
    if (!rows[0]?.isLast) return;
    throw new HttpProblem(409, 'last_passkey', 'Add another first');
  }
  // #endregion remove

  return { requireFresh, list, remove };
}

/** Base64url of at most 1023 bytes, as a credential ID is. */
export function isBase64url(text: unknown): text is string {
  return typeof text === 'string' && /^[\w-]{1,1364}$/.test(text);
}
