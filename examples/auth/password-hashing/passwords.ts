import type { Pool } from 'pg';
import { PasswordNotStoredError } from './password-error.ts';
import type { createPasswordHasher } from './password-hasher.ts';

export type PasswordsOptions = {
  pool: Pool;
  hasher: ReturnType<typeof createPasswordHasher>;
  log: { warn: (message: string, details: object) => void };
};

type Credentials = { email: string; password: string };

type Stored = { userId: string; hash: string };

/** The passwords of the users, in Postgres. */
export function createPasswords({
  pool,
  hasher,
  log,
}: PasswordsOptions) {
  // #region log-in
  /** The user's id; undefined for a wrong password and for no user. */
  async function logIn(
    credentials: Credentials,
    signal?: AbortSignal,
  ): Promise<string | undefined> {
    const user = await findRight(credentials, signal);
    if (!user) return undefined;
    const { userId, rehashed } = user;
    try {
      if (rehashed) await replace(user, rehashed);
    } catch (error) {
      // The login is right all the same.
      log.warn('password not rehashed', { userId, reason: `${error}` });
    }
    return userId;
  }

  /** False when the hash is another by now: a change came first. */
  async function replace({ userId, hash: old }: Stored, hash: string) {
    const { rowCount } = await write(
      `update password_hashes
       set hash = $3
       where user_id = $1 and hash = $2`,
      [userId, old, hash],
    );
    return rowCount === 1;
  }
  // #endregion log-in

  // #region change-password
  /** As `logIn`; undefined as well when another change came first. */
  async function changePassword(
    { newPassword, ...old }: Credentials & { newPassword: string },
    signal?: AbortSignal,
  ): Promise<string | undefined> {
    const user = await findRight(old, signal);
    if (!user) return undefined;
    const hash = await hasher.hash(newPassword, signal);
    return (await replace(user, hash)) ? user.userId : undefined;
  }
  // #endregion change-password

  async function findRight(
    { email, password }: Credentials,
    signal?: AbortSignal,
  ) {
    // A flood that is refused anyway must not use up the pool.
    hasher.requireRoom();
    const { rows } = await pool.query<Stored>(
      `select user_id as "userId", hash
       from password_hashes
       join users on users.id = user_id
       where email = $1`,
      [email],
    );
    const [user] = rows;
    const verdict = await hasher.verify(password, user?.hash, signal);
    return user && verdict.isRight
      ? { ...user, ...verdict }
      : undefined;
  }

  /** Sets a first password, or a new one after proof of a reset. */
  async function setPassword(
    userId: string,
    password: string,
    signal?: AbortSignal,
  ): Promise<void> {
    await write(
      `insert into password_hashes (user_id, hash)
       values ($1, $2)
       on conflict (user_id) do update
       set hash = excluded.hash`,
      [userId, await hasher.hash(password, signal)],
    );
  }

  /** The error of Postgres quotes the row: it must not reach a log. */
  async function write(sql: string, values: string[]) {
    try {
      return await pool.query(sql, values);
    } catch (error) {
      throw new PasswordNotStoredError(`${error}`);
    }
  }

  return { logIn, changePassword, setPassword };
}
