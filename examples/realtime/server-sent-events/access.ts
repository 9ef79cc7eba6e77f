import { createHash, randomBytes } from 'node:crypto';
import type { Pool } from 'pg';

/** A login of this example, which proves nothing: anyone may take any name. */
export type Session = { key: string; name: string; until: Date };

type AccessOptions = { pool: Pool; clock: () => Date };

/** Logins, and who owns and reads which ride. */
export function createAccess({ pool, clock }: AccessOptions) {
  async function createSession(name: string) {
    const token = randomBytes(32).toString('base64url');
    const until = new Date(clock().getTime() + 8 * 3_600_000);
    await pool.query(
      `insert into sessions (hash, name, expires_at)
       values ($1, $2, $3)`,
      [hash(token), name, until],
    );
    return { token, until };
  }

  async function findSession(token: string) {
    const { rows } = await pool.query<Session>(
      `select encode(hash, 'hex') as key, name, expires_at as until
       from sessions
       where hash = $1 and expires_at > $2`,
      [hash(token), clock()],
    );
    return rows[0];
  }

  async function endSession(key: string) {
    await pool.query(
      `delete from sessions
       where hash = decode($1, 'hex')`,
      [key],
    );
  }

  /** Those of the logins that exist, for people who may read this. */
  async function findReaders(topic: string, keys: string[]) {
    const { rows } = await pool.query<{ key: string }>(
      `select encode(hash, 'hex') as key
       from sessions
       join topic_readers using (name)
       where topic = $1
         and hash = any ($2)
         and expires_at > $3`,
      [topic, keys.map((key) => Buffer.from(key, 'hex')), clock()],
    );
    return rows.map(({ key }) => key);
  }

  async function isOwner(topic: string, name: string) {
    const { rowCount } = await pool.query(
      `select from topic_readers
       where topic = $1 and name = $2 and is_owner`,
      [topic, name],
    );
    return rowCount === 1;
  }

  async function grant(topic: string, name: string) {
    await pool.query(
      `insert into topic_readers (topic, name)
       values ($1, $2)
       on conflict do nothing`,
      [topic, name],
    );
  }

  async function revoke(topic: string, name: string) {
    await pool.query(
      `delete from topic_readers
       where topic = $1 and name = $2 and not is_owner`,
      [topic, name],
    );
  }

  return {
    createSession,
    findSession,
    endSession,
    findReaders,
    isOwner,
    grant,
    revoke,
  };
}

function hash(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
