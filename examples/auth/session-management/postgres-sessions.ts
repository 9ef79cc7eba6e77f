import type { Pool } from 'pg';
import {
  createToken,
  hashToken,
  type Login,
  requireText,
  requireTimes,
  type Session,
  type SessionPatch,
  type Sessions,
  type SessionTimes,
  shorten,
} from './session.ts';

export type PostgresSessionsOptions = SessionTimes & {
  /** The primary: on a replica, an ended session lives on for a while. */
  pool: Pick<Pool, 'query'>;
};

const COLUMNS = `id, user_id as "userId", device, data,
  created_at as "createdAt", used_at as "usedAt", ends_at as "endsAt"`;

/** Sessions in Postgres, whose clock decides. */
export function createPostgresSessions(
  options: PostgresSessionsOptions,
) {
  const { pool, ...times } = options;
  const { touchSeconds, idleSeconds, lifetimeSeconds } =
    requireTimes(times);
  const alive = `ends_at > now()
    and used_at > now() - interval '${idleSeconds} seconds'`;
  const due = `used_at < now() - interval '${touchSeconds} seconds'`;

  // #region begin
  async function begin({ userId, device, data = {} }: Login) {
    requireText(data);
    const token = createToken();
    await pool.query(
      `insert into sessions (token_hash, user_id, device, data, ends_at)
       values ($1, $2, $3, $4, now() + make_interval(secs => $5))`,
      [
        hashToken(token),
        userId,
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
    const { rows } = await pool.query<Session & { isDue: boolean }>(
      `select ${COLUMNS}, ${due} as "isDue"
       from sessions
       where token_hash = $1 and ${alive}`,
      [hashToken(token)],
    );
    if (!rows[0]) return undefined;
    const { isDue, ...session } = rows[0];
    if (isDue) await touch(session.id);
    return session;
  }

  /** Of requests at once, one writes; none waits for a lock. */
  async function touch(id: string) {
    await pool.query(
      `update sessions
       set used_at = now()
       where id = (
         select id
         from sessions
         where id = $1 and ${due}
         for update skip locked
       )`,
      [id],
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
    requireText(patch);
    const { rowCount } = await pool.query(
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
    const { rows } = await pool.query<Session>(
      `select ${COLUMNS}
       from sessions
       where user_id = $1 and ${alive}
       order by used_at desc
       limit 100`,
      [userId],
    );
    return rows;
  }

  // #region logout
  async function logout(token: string): Promise<void> {
    await pool.query('delete from sessions where token_hash = $1', [
      hashToken(token),
    ]);
  }

  async function logoutDevice(userId: string, id: string) {
    const { rowCount } = await pool.query(
      `delete from sessions
       where user_id = $1 and id::text = $2`,
      [userId, id],
    );
    return rowCount === 1;
  }

  async function logoutEverywhere(
    userId: string,
    { except }: { except?: string } = {},
  ): Promise<void> {
    await pool.query(
      `delete from sessions
       where user_id = $1 and id::text is distinct from $2`,
      [userId, except],
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
