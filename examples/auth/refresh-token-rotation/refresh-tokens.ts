import { createHash, createHmac, randomBytes } from 'node:crypto';
import type { Pool } from 'pg';
import { RefreshError } from './refresh-error.ts';

/** One login on one device, and the only refresh token of it that works. */
export type Session = Login & { refreshToken: string };

type Login = { familyId: string; userId: string };

export type RefreshTokenOptions = {
  /** Not a transaction: its rollback would bring a stolen login back. */
  pool: Pool;
  log: Record<
    'info' | 'warn',
    (message: string, details: object) => void
  >;
  /** 32 random bytes or more each. The first makes successors; retries are answered with all. */
  secrets: string[];
};

/** How long a login lasts, no matter how often it is renewed. */
export const LOGIN_SECONDS = 30 * 24 * 60 * 60;
/** How long a token waits for its use. */
const IDLE = "interval '7 days'";

/** Issues refresh tokens that work once; the second use ends the login. */
export function createRefreshTokens(options: RefreshTokenOptions) {
  const { pool, log, secrets } = options;
  // #region guard-secrets
  // With an empty key, everybody can compute a successor.
  if (secrets.length === 0 || secrets.some((one) => one.length < 43))
    throw new TypeError('each secret must be 32 random bytes or more');
  // #endregion guard-secrets

  async function issue(userId: string): Promise<Session> {
    const refreshToken = randomBytes(32).toString('base64url');
    const { rows } = await pool.query<Login>(
      `with family as (
         insert into refresh_families (user_id, expires_at)
         values ($1, now() + make_interval(secs => $3))
         returning id, user_id
       ), issued as (
         insert into refresh_tokens (hash, family_id, expires_at)
         select $2, id, now() + ${IDLE}
         from family
       )
       select id as "familyId", user_id as "userId" from family`,
      [userId, hash(refreshToken), LOGIN_SECONDS],
    );
    const [login] = rows;
    if (!login) throw new Error('Postgres did not return the login');
    return { ...login, refreshToken };
  }

  // #region rotate
  async function rotate(token: string): Promise<Session> {
    const successors = secrets.map((one) => successorOf(token, one));
    const [refreshToken = ''] = successors;
    // One finds it unspent; a logout waits, the user's deletion too.
    const { rows } = await pool.query<Login>(
      `with family as (
         select id, user_id, expires_at
         from refresh_families
         where id = (select family_id from refresh_tokens where hash = $1)
           and ended_at is null
         for share
       ), spent as (
         update refresh_tokens token
         set spent_at = now()
         from family
         where token.hash = $1
           and token.spent_at is null
           and token.expires_at > now()
         returning family.*
       ), issued as (
         insert into refresh_tokens (hash, family_id, expires_at)
         select $2, id, least(expires_at, now() + ${IDLE})
         from spent
       )
       select id as "familyId", user_id as "userId" from spent`,
      [hash(token), hash(refreshToken)],
    );
    const [login] = rows;
    if (login) return { ...login, refreshToken };
    return recogniseRetry(token, successors);
  }
  // #endregion rotate

  // #region recognise-retry
  async function recogniseRetry(token: string, successors: string[]) {
    // `abs`: after a failover, the clock may have stepped back.
    const { rows } = await pool.query<Login & Spent>(
      `select family.id as "familyId", family.user_id as "userId",
              next.hash as "nextHash",
              abs(extract(epoch from now() - old.spent_at)) < 60 as recent
       from refresh_tokens old
       join refresh_families family on family.id = old.family_id
       left join refresh_tokens next
         on next.hash = any($2) and next.spent_at is null
       where old.hash = $1
         and old.spent_at is not null
         and family.ended_at is null
         and family.expires_at > now()`,
      [hash(token), successors.map(hash)],
    );
    // Unknown, expired or ended: there is nothing left to end.
    const [found] = rows;
    if (!found) throw new RefreshError();

    const { nextHash, recent, ...login } = found;
    const refreshToken = successors.find((next) =>
      nextHash?.equals(hash(next)),
    );
    if (refreshToken && recent) return { ...login, refreshToken };
    const reason = refreshToken ? 'late_retry' : 'reuse';
    // Of several replays at once, one ends the login and reports it.
    if (await end('id = $1', login.familyId, reason)) {
      if (refreshToken) log.info('refresh token came late', login);
      else log.warn('refresh token reused', login);
    }
    throw new RefreshError();
  }
  // #endregion recognise-retry

  async function end(which: string, value: unknown, reason: string) {
    const { rowCount } = await pool.query(
      `update refresh_families
       set ended_at = now(), end_reason = $2
       where ${which} and ended_at is null`,
      [value, reason],
    );
    return rowCount;
  }

  /** Ends the login of a token, spent or not; says nothing of an unknown one (RFC 7009 §2.2). */
  async function logout(token: string): Promise<void> {
    const which =
      'id = (select family_id from refresh_tokens where hash = $1)';
    await end(which, hash(token), 'logout');
  }

  /** Ends all logins of a user. */
  async function logoutEverywhere(userId: string): Promise<void> {
    await end('user_id = $1', userId, 'logout');
  }

  return { issue, rotate, logout, logoutEverywhere };
}

type Spent = { nextHash: Buffer | null; recent: boolean };

// #region hash-and-successor
/** 256 random bits need no salt and no slow hash. */
function hash(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** The same each time: a retry gets the token that was lost. */
function successorOf(token: string, secret: string): string {
  const mac = createHmac('sha256', secret).update(token);
  return mac.digest('base64url');
}
// #endregion hash-and-successor
