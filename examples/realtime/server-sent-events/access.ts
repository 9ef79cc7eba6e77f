import { createHash, randomBytes } from 'node:crypto';
import type { Pool } from 'pg';

/** Whose request it is, and until when. */
export type Session = { name: string; expiresAt: Date };

/** Guests with a name of their choice, and who of them owns and reads which topic. */
export function createAccess({ pool, clock }: AccessOptions) {
  async function createSession(name: string, hours = 8) {
    const token = randomBytes(32).toString('base64url');
    const expiresAt = new Date(clock().getTime() + hours * 3_600_000);
    await pool.query(
      `insert into sessions (hash, name, expires_at)
       values ($1, $2, $3)`,
      [hash(token), name, expiresAt],
    );
    return { token, expiresAt };
  }

  async function findSession(token: string) {
    const { rows } = await pool.query<Session>(
      `select name, expires_at as "expiresAt"
       from sessions
       where hash = $1 and expires_at > $2`,
      [hash(token), clock()],
    );
    return rows[0];
  }

  /** Whoever comes first owns the topic; false for everybody else. */
  async function createTopic(topic: string, owner: string) {
    const { rowCount } = await pool.query(
      `with created as (
         insert into topics (name)
         values ($1)
         on conflict do nothing
         returning name
       )
       insert into topic_readers (topic, name, is_owner)
       select name, $2, true from created`,
      [topic, owner],
    );
    return rowCount === 1;
  }

  async function mayRead(topic: string, name: string) {
    const { rowCount } = await pool.query(
      `select from topic_readers where topic = $1 and name = $2`,
      [topic, name],
    );
    return rowCount === 1;
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
    createTopic,
    mayRead,
    isOwner,
    grant,
    revoke,
  };
}

type AccessOptions = { pool: Pool; clock: () => Date };

function hash(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
