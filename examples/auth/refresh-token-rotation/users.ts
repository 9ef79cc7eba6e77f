import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { Pool } from 'pg';

const derive = promisify<string, Buffer, number, object, Buffer>(
  scrypt,
);

/** Accounts with a password, as small as a login allows. */
export function createUsers({
  pool,
  cost = 2 ** 17,
}: {
  pool: Pool;
  cost?: number;
}) {
  async function register(email: string, password: string) {
    const { rows } = await pool.query<{ id: string }>(
      `insert into users (email, password_hash)
       values ($1, $2)
       on conflict (email) do nothing
       returning id`,
      [email, await hashPassword(password, randomBytes(16))],
    );
    return rows[0]?.id;
  }

  async function authenticate(email: string, password: string) {
    const { rows } = await pool.query<{ id: string; stored: string }>(
      `select id, password_hash as stored from users where email = $1`,
      [email],
    );
    // An unknown address costs as much time as a wrong password.
    const stored = rows[0]?.stored ?? `${'00'.repeat(16)}:`;
    const salt = Buffer.from(stored.slice(0, 32), 'hex');
    const computed = await hashPassword(password, salt);
    return isEqual(computed, stored) ? rows[0]?.id : undefined;
  }

  /** N=2^17, r=8, p=1 is what OWASP asks of scrypt: 128 MB a login. */
  async function hashPassword(password: string, salt: Buffer) {
    const options = { N: cost, r: 8, p: 1, maxmem: 2 ** 28 };
    const key = await derive(password, salt, 32, options);
    return `${salt.toString('hex')}:${key.toString('hex')}`;
  }

  return { register, authenticate };
}

function isEqual(a: string, b: string): boolean {
  return (
    a.length === b.length &&
    timingSafeEqual(Buffer.from(a), Buffer.from(b))
  );
}
