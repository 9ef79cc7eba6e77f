import {
  createHash,
  pbkdf2,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { promisify } from 'node:util';
import type { Pool } from 'pg';

const derivePbkdf2 = promisify(pbkdf2);

/** Who has shown which key; a front is a broker that sends for its devices. */
export type Identity = { id: string; keyId: string; isFront: boolean };

type Options = { pool: Pool; clock: () => Date };

/** Devices and their keys; only hashes of the keys are kept. */
export function createDevices({ pool, clock }: Options) {
  /** Returns the key, once and never again; undefined when the id has one that is not revoked. */
  async function register(id: string, { isFront = false } = {}) {
    const key = randomBytes(32).toString('base64url');
    const { rowCount } = await pool.query(
      `insert into devices (id, is_front, key_hash, mosquitto_hash)
       values ($1, $2, $3, $4)
       on conflict (id) do update
       set key_id = excluded.key_id,
           key_hash = excluded.key_hash,
           mosquitto_hash = excluded.mosquitto_hash,
           is_front = excluded.is_front,
           revoked_at = null
       where devices.revoked_at is not null`,
      [id, isFront, hash(key), await hashForMosquitto(key)],
    );
    return rowCount === 1 ? key : undefined;
  }

  async function authenticate(id: string | undefined, key: string) {
    const { rows } = await pool.query<Identity & { hash: Buffer }>(
      `select id, key_id as "keyId", is_front as "isFront",
              key_hash as hash
       from devices
       where id = $1 and revoked_at is null`,
      [id],
    );
    const [found] = rows;
    const isRight = found && timingSafeEqual(found.hash, hash(key));
    return isRight ? found : undefined;
  }

  /** Nothing that is sent with the key is kept from the next commit on. */
  async function revoke(id: string): Promise<boolean> {
    const { rowCount } = await pool.query(
      `update devices
       set revoked_at = $2
       where id = $1 and revoked_at is null`,
      [id, clock()],
    );
    return rowCount === 1;
  }

  /** The files in Mosquitto's folder; write them again, and send SIGHUP, when a device comes or goes. */
  async function writeMosquittoFiles() {
    const { rows } = await pool.query<{ line: string }>(
      `select id || ':' || mosquitto_hash as line
       from devices
       where revoked_at is null and not is_front
       order by id`,
    );
    return {
      passwords: rows.map(({ line }) => `${line}\n`).join(''),
      // A device may publish its own readings, and nothing else.
      rights: 'pattern write devices/%u/readings\n',
    };
  }

  return { register, authenticate, revoke, writeMosquittoFiles };
}

/** A key has 256 random bits: nobody guesses one, so a slow hash would protect nothing. */
function hash(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

/** As mosquitto_passwd writes it: PBKDF2 with SHA-512, 101 rounds. */
async function hashForMosquitto(key: string): Promise<string> {
  const salt = randomBytes(12);
  const derived = await derivePbkdf2(key, salt, 101, 64, 'sha512');
  return `$7$101$${salt.toString('base64')}$${derived.toString('base64')}`;
}
