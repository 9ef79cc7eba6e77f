import { createHash, randomBytes } from 'node:crypto';
import type { CookieOptions } from 'express';
import type { Pool } from 'pg';

const HOURS = 8;
const PATTERN = /(?:^|; )__Host-session=([\w-]{43})(?:;|$)/;

/** The browser sends it to this host only. */
export const SESSION_COOKIE = '__Host-session';

/** Out of reach of scripts, plain HTTP and other sites. */
export const cookieOptions: CookieOptions = {
  httpOnly: true,
  secure: true,
  sameSite: 'strict',
};

/** Guests with a name of their choice, which stands for your login. */
export function createSessions({ pool, clock }: SessionOptions) {
  async function open(name: string): Promise<string> {
    const token = randomBytes(32).toString('base64url');
    const expiresAt = new Date(clock().getTime() + HOURS * 3_600_000);
    await pool.query(
      `insert into sessions (hash, name, expires_at)
       values ($1, $2, $3)`,
      [hash(token), name, expiresAt],
    );
    return token;
  }

  /** Whose request it is, by its cookie header. */
  async function findName(header = ''): Promise<string | undefined> {
    const token = PATTERN.exec(header)?.[1];
    if (!token) return undefined;
    const { rows } = await pool.query<{ name: string }>(
      `select name from sessions where hash = $1 and expires_at > $2`,
      [hash(token), clock()],
    );
    return rows[0]?.name;
  }

  return { open, findName };
}

type SessionOptions = { pool: Pool; clock: () => Date };

function hash(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
