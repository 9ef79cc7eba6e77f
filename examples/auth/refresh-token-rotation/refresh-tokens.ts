import { createHash, createHmac, randomBytes } from 'node:crypto';
import type { Pool } from 'pg';

/** One login on one device, and the only refresh token of it that works. */
export type Session = Owner & { refreshToken: string };

type Owner = { familyId: string; userId: string };

/** Every refusal looks the same to the caller; the log tells them apart. */
export class RefreshError extends Error {
  override readonly name = 'RefreshError';
  override readonly message = 'Log in again';
  readonly status = 401;
  readonly code = 'invalid_grant';
}

/** What refresh tokens need: times are limits on the life of a login. */
export type RefreshTokenOptions = {
  pool: Pool;
  clock: () => Date;
  log: { warn: (message: string, details: object) => void };
  /** 32 random bytes: without them nobody computes a successor. */
  secret: string;
  idleDays?: number;
  absoluteDays?: number;
  graceSeconds?: number;
};

/** Issues refresh tokens that work once; the second use ends the login. */
export function createRefreshTokens(options: RefreshTokenOptions) {
  const { pool, clock, log, secret, graceSeconds = 10 } = options;
  const { idleDays = 7, absoluteDays = 30 } = options;

  async function issue(userId: string): Promise<Session> {
    const now = clock();
    const refreshToken = randomBytes(32).toString('base64url');
    const limits = [after(now, absoluteDays), after(now, idleDays)];
    const { rows } = await pool.query<Owner>(
      `with family as (
         insert into refresh_families (user_id, expires_at)
         values ($1, $3)
         returning id, user_id, expires_at
       ), issued as (
         insert into refresh_tokens (hash, family_id, expires_at)
         select $2, id, least(expires_at, $4) from family
       )
       select id as "familyId", user_id as "userId" from family`,
      [userId, hash(refreshToken), ...limits],
    );
    return { ...(rows[0] as Owner), refreshToken };
  }

  // #region rotate
  async function rotate(token: string): Promise<Session> {
    const now = clock();
    const next = successorOf(token);
    // One statement: of two requests at once, one finds it unspent.
    const { rows } = await pool.query<Owner>(
      `with spent as (
         update refresh_tokens token
         set spent_at = $3
         from refresh_families family
         where token.hash = $1
           and token.spent_at is null
           and token.expires_at > $3
           and family.id = token.family_id
           and family.ended_at is null
         returning family.id, family.user_id, family.expires_at
       ), issued as (
         insert into refresh_tokens (hash, family_id, expires_at)
         select $2, id, least(expires_at, $4) from spent
       )
       select id as "familyId", user_id as "userId" from spent`,
      [hash(token), hash(next), now, after(now, idleDays)],
    );
    const owner = rows[0] ?? (await recogniseRetry(token, next, now));
    return { ...owner, refreshToken: next };
  }
  // #endregion rotate

  // #region recognise-retry
  async function recogniseRetry(
    token: string,
    next: string,
    now: Date,
  ) {
    const { rows } = await pool.query<Owner & Times & Next>(
      `select family.id as "familyId", family.user_id as "userId",
              family.ended_at as "endedAt", token.spent_at as "spentAt",
              exists (
                select from refresh_tokens
                where hash = $2 and spent_at is null
              ) as "nextIsUnspent"
       from refresh_tokens token
       join refresh_families family on family.id = token.family_id
       where token.hash = $1`,
      [hash(token), hash(next)],
    );
    const found = rows[0];
    // Unknown, expired or logged out: there is nothing left to end.
    if (!found?.spentAt || found.endedAt) throw new RefreshError();

    const { familyId, userId } = found;
    const age = now.getTime() - found.spentAt.getTime();
    if (found.nextIsUnspent && age <= graceSeconds * 1000)
      return { familyId, userId };

    await end('id', familyId, 'reuse');
    log.warn('refresh token reused', { familyId, userId });
    throw new RefreshError();
  }
  // #endregion recognise-retry

  // #region hash-and-successor
  // 256 random bits need no salt and no slow hash: nobody guesses one.
  function hash(token: string): Buffer {
    return createHash('sha256').update(token).digest();
  }

  // The same each time it is asked for: a retry gets what was lost.
  function successorOf(token: string): string {
    const mac = createHmac('sha256', secret).update(token);
    return mac.digest('base64url');
  }
  // #endregion hash-and-successor

  async function end(key: 'id' | 'user_id', id: string, why: string) {
    await pool.query(
      `update refresh_families
       set ended_at = $2, end_reason = $3
       where ${key} = $1 and ended_at is null`,
      [id, clock(), why],
    );
  }

  const logout = (familyId: string) => end('id', familyId, 'logout');
  const logoutEverywhere = (userId: string) =>
    end('user_id', userId, 'logout');

  return { issue, rotate, logout, logoutEverywhere };
}

type Next = { nextIsUnspent: boolean };
type Times = Record<'endedAt' | 'spentAt', Date | null>;

function after(time: Date, days: number): Date {
  return new Date(time.getTime() + days * 24 * 60 * 60 * 1000);
}
