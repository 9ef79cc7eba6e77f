import type { Pool, QueryResultRow } from 'pg';
import {
  answerInTime,
  createToken,
  hashToken,
  isUuid,
  type Login,
  MAX_SESSIONS,
  requireData,
  requireTimes,
  requireUserId,
  type Session,
  type SessionPatch,
  type Sessions,
  type SessionTimes,
  shorten,
} from './session.ts';

export type PostgresSessionsOptions = SessionTimes & {
  /** To the primary (a replica has ended sessions for a while), with read committed. */
  pool: Pick<Pool, 'query'>;
};

const COLUMNS = `id, user_id as "userId", device, data,
  created_at as "createdAt", used_at as "usedAt", ends_at as "endsAt"`;

/** Sessions in Postgres, whose clock decides. */
export function createPostgresSessions(
  options: PostgresSessionsOptions,
) {
  const { pool, ...times } = options;
  const { touchSeconds, idleSeconds, lifetimeSeconds, timeoutMs } =
    requireTimes(times);
  const alive = `ends_at > now()
    and used_at > now() - interval '${idleSeconds} seconds'`;
  const due = `used_at < now() - interval '${touchSeconds} seconds'`;

  function query<Row extends QueryResultRow>(
    text: string,
    values?: unknown[],
  ) {
    return answerInTime(timeoutMs, () => pool.query<Row>(text, values));
  }

  // #region begin
  async function begin({ userId, device, data = {} }: Login) {
    requireData(data);
    const token = createToken();
    // At most 100 for each user: those used longest ago end.
    await query(
      `with surplus as (
         delete from sessions
         where id in (
           select id
           from sessions
           where user_id = $2
           order by (${alive}) desc, used_at desc
           offset ${MAX_SESSIONS - 1}
         )
       )
       insert into sessions (token_hash, user_id, device, data, ends_at)
       values ($1, $2, $3, $4, now() + make_interval(secs => $5))`,
      [
        hashToken(token),
        requireUserId(userId),
        shorten(device),
        data,
        lifetimeSeconds,
      ],
    );
    return token;
  }
  // #endregion begin

  // #region read
  async function read(token: string): Promise<Session | undefined> {
    const { rows } = await query<Session & { isDue: boolean }>(
      `select ${COLUMNS}, ${due} as "isDue"
       from sessions
       where token_hash = $1 and ${alive}`,
      [hashToken(token)],
    );
    if (!rows[0]) return undefined;
    const { isDue, ...session } = rows[0];
    // A Postgres that refuses to write can still be read.
    if (isDue) await touch(session.id).catch(() => {});
    return session;
  }

  /** Of requests at once, one writes. It waits only for a table lock. */
  async function touch(id: string) {
    await query(
      // Two statements are one transaction; the id is of the database.
      `set local lock_timeout = 100;
       update sessions
       set used_at = now()
       where id = (
         select id
         from sessions
         where id = '${id}' and ${due}
         for update skip locked
       )`,
    );
  }
  // #endregion read

  // #region write
  /** An update, never an upsert: what is ended stays ended. */
  async function write(
    token: string,
    next: string,
    patch: SessionPatch,
  ): Promise<boolean> {
    requireData(patch);
    const { rowCount } = await query(
      `update sessions
       set token_hash = $2,
           data = jsonb_strip_nulls(data || $3),
           used_at = now()
       where token_hash = $1 and ${alive}`,
      [hashToken(token), hashToken(next), patch],
    );
    return rowCount === 1;
  }

  async function renew(token: string, patch: SessionPatch = {}) {
    const next = createToken();
    return (await write(token, next, patch)) ? next : undefined;
  }
  // #endregion write

  async function list(userId: string): Promise<Session[]> {
    const { rows } = await query<Session>(
      `select ${COLUMNS}
       from sessions
       where user_id = $1 and ${alive}
       order by used_at desc`,
      [requireUserId(userId)],
    );
    return rows;
  }

  // #region logout
  async function logout(token: string): Promise<void> {
    await query('delete from sessions where token_hash = $1', [
      hashToken(token),
    ]);
  }

  async function logoutDevice(userId: string, id: string) {
    const user = requireUserId(userId);
    if (!isUuid(id)) return false;
    const { rowCount } = await query(
      'delete from sessions where user_id = $1 and id = $2',
      [user, id],
    );
    return rowCount === 1;
  }

  async function logoutEverywhere(
    userId: string,
    { except }: { except?: string } = {},
  ): Promise<void> {
    await query(
      `delete from sessions
       where user_id = $1 and id is distinct from $2`,
      [requireUserId(userId), isUuid(except) ? except : null],
    );
  }
  // #endregion logout

  /** Deletes a batch of sessions that are over; call it until it returns 0. */
  async function deleteExpired(limit = 1000): Promise<number> {
    const { rowCount } = await pool.query(
      `delete from sessions
       where id in (
         select id
         from sessions
         where ends_at <= now()
         limit $1
         for update skip locked
       )`,
      [limit],
    );
    return Number(rowCount);
  }

  const sessions: Sessions = {
    lifetimeSeconds,
    begin,
    read,
    change: (token, patch) => write(token, token, patch),
    renew,
    list,
    logout,
    logoutDevice,
    logoutEverywhere,
  };
  return { ...sessions, deleteExpired };
}
