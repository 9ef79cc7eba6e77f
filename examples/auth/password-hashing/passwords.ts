import type { Pool } from 'pg';
import type { createPasswordHasher } from './password-hasher.ts';

export type PasswordsOptions = {
  pool: Pool;
  hasher: ReturnType<typeof createPasswordHasher>;
  log: { warn: (message: string, details: object) => void };
};

type Credentials = { email: string; password: string };

/** The passwords of the users, in Postgres. */
export function createPasswords({
  pool,
  hasher,
  log,
}: PasswordsOptions) {
  // #region log-in
  /** The user's id; undefined for a wrong password and for no user. */
  async function logIn(
    { email, password }: Credentials,
    signal?: AbortSignal,
  ): Promise<string | undefined> {
    const { rows } = await pool.query<{ userId: string; hash: string }>(
      `select user_id as "userId", hash
       from password_hashes
       join users on users.id = user_id
       where email = $1`,
      [email],
    );
    const [user] = rows;
    const verdict = await hasher.verify(password, user?.hash, signal);
    if (!user || !verdict.isRight) return undefined;
    if (verdict.rehashed) await replace(user, verdict.rehashed);
    return user.userId;
  }

  async function replace(
    old: { userId: string; hash: string },
    hash: string,
  ) {
    try {
      // A password that was changed in the meantime stays.
      await pool.query(
        `update password_hashes
         set hash = $3
         where user_id = $1 and hash = $2`,
        [old.userId, old.hash, hash],
      );
    } catch (error) {
      // The login is right all the same. The details hold the hash.
      const { userId } = old;
      log.warn('password not rehashed', { userId, reason: `${error}` });
    }
  }
  // #endregion log-in

  /** Replaces the password; ask for the old one first, or for proof of a reset. */
  async function setPassword(
    userId: string,
    password: string,
    signal?: AbortSignal,
  ): Promise<void> {
    await pool.query(
      `insert into password_hashes (user_id, hash)
       values ($1, $2)
       on conflict (user_id) do update
       set hash = excluded.hash`,
      [userId, await hasher.hash(password, signal)],
    );
  }

  return { logIn, setPassword };
}
