import {
  pbkdf2,
  randomBytes,
  scrypt,
  timingSafeEqual,
} from 'node:crypto';
import { promisify } from 'node:util';
import type { Pool } from 'pg';

const deriveScrypt = promisify<string, Buffer, number, object, Buffer>(
  scrypt,
);
const derivePbkdf2 = promisify(pbkdf2);

/** Who has proven to be there; a front is a broker that speaks for its devices. */
export type Identity = { id: string; isFront: boolean };

/** Devices and their keys; only hashes of the keys are kept. */
export function createDevices({
  pool,
  clock,
}: {
  pool: Pool;
  clock: () => Date;
}) {
  /** Returns the key: it is told once and never again; undefined if the id is taken. */
  async function register(id: string, { isFront = false } = {}) {
    const key = randomBytes(32).toString('base64url');
    const { rowCount } = await pool.query(
      `insert into devices (id, is_front, key_hash, mosquitto_hash)
       values ($1, $2, $3, $4)
       on conflict (id) do nothing`,
      [id, isFront, await hashKey(key), await hashForMosquitto(key)],
    );
    return rowCount === 1 ? key : undefined;
  }

  async function authenticate(id: string, key: string) {
    const { rows } = await pool.query<Identity & { hash: string }>(
      `select id, is_front as "isFront", key_hash as hash
       from devices
       where id = $1 and revoked_at is null`,
      [id],
    );
    // An unknown device costs as much time as a wrong key.
    const stored = rows[0]?.hash ?? `${'00'.repeat(16)}:`;
    const salt = Buffer.from(stored.slice(0, 32), 'hex');
    const isRight = isEqual(await hashKey(key, salt), stored);
    return isRight ? rows[0] : undefined;
  }

  /** No reading of the device is kept from the next commit on. */
  async function revoke(id: string): Promise<boolean> {
    const { rowCount } = await pool.query(
      `update devices
       set revoked_at = $2
       where id = $1 and revoked_at is null`,
      [id, clock()],
    );
    return rowCount === 1;
  }

  /** The lines of Mosquitto's password_file: whoever may connect there. */
  async function listMosquittoPasswords(): Promise<string> {
    const { rows } = await pool.query<{ line: string }>(
      `select id || ':' || mosquitto_hash as line
       from devices
       where revoked_at is null and not is_front
       order by id`,
    );
    return rows.map(({ line }) => `${line}\n`).join('');
  }

  return { register, authenticate, revoke, listMosquittoPasswords };
}

/** A key is 256 random bits: a low cost will do, and ten thousand devices may reconnect at once. */
async function hashKey(key: string, salt = randomBytes(16)) {
  const hash = await deriveScrypt(key, salt, 32, { N: 2 ** 10 });
  return `${salt.toString('hex')}:${hash.toString('hex')}`;
}

/** As mosquitto_passwd writes it: PBKDF2 with SHA-512, 101 rounds. */
async function hashForMosquitto(key: string): Promise<string> {
  const salt = randomBytes(12);
  const hash = await derivePbkdf2(key, salt, 101, 64, 'sha512');
  return `$7$101$${salt.toString('base64')}$${hash.toString('base64')}`;
}

function isEqual(a: string, b: string): boolean {
  return (
    a.length === b.length &&
    timingSafeEqual(Buffer.from(a), Buffer.from(b))
  );
}
