import { pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { Pool } from 'pg';

const derive = promisify(pbkdf2);

/** Who has shown which key; a front is a broker that sends for its devices. */
export type Identity = { id: string; keyId: string; isFront: boolean };

type Options = { pool: Pool; clock: () => Date };

/** Devices and their keys; only hashes of the keys are kept. */
export function createDevices({ pool, clock }: Options) {
  /** Returns the key, once and never again; undefined when the id has one that is not revoked. */
  async function register(id: string, { isFront = false } = {}) {
    const key = randomBytes(32).toString('base64url');
    const { rowCount } = await pool.query(
      `insert into devices (id, is_front, key_hash)
       values ($1, $2, $3)
       on conflict (id) do update
       set key_id = excluded.key_id,
           key_hash = excluded.key_hash,
           is_front = excluded.is_front,
           revoked_at = null
       where devices.revoked_at is not null`,
      [id, isFront, await hash(key, randomBytes(12))],
    );
    return rowCount === 1 ? key : undefined;
  }

  async function authenticate(id: string | undefined, key: string) {
    const { rows } = await pool.query<Identity & { hash: string }>(
      `select id, key_id as "keyId", is_front as "isFront",
              key_hash as hash
       from devices
       where id = $1 and revoked_at is null`,
      [id],
    );
    const [found] = rows;
    if (!found) return undefined;
    const salt = Buffer.from(`${found.hash.split('$')[3]}`, 'base64');
    const given = Buffer.from(await hash(key, salt));
    const isRight = timingSafeEqual(given, Buffer.from(found.hash));
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
      `select id || ':' || key_hash as line
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

/** As mosquitto_passwd writes it. Few rounds do: nobody guesses 256 random bits. */
async function hash(key: string, salt: Buffer): Promise<string> {
  const derived = await derive(key, salt, 101, 64, 'sha512');
  return `$7$101$${salt.toString('base64')}$${derived.toString('base64')}`;
}
