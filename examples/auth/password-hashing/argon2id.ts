import { randomBytes, timingSafeEqual } from 'node:crypto';
import { hashRaw } from '@node-rs/argon2';
import type { Pepper } from './peppers.ts';

/** What a hash costs: KiB of memory, filled so often, in so many lanes. */
export type Cost = { memory: number; passes: number; lanes: number };

/** A stored hash, read from its PHC string. */
export type Argon2idHash = {
  cost: Cost;
  /** The id of its pepper; undefined when it has none. */
  keyId: string | undefined;
  salt: Buffer;
  tag: Buffer;
};

// #region parse-hash
const PHC =
  /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)(?:,keyid=([\w+/]{8}))?\$([\w+/]{11,64})\$([\w+/]{22,86})$/;

/** Reads a PHC string; undefined when it is broken or costs too much. */
export function parseHash(text: string): Argon2idHash | undefined {
  const [, m, t, p, keyId, salt = '', tag = ''] = PHC.exec(text) ?? [];
  const cost = {
    memory: Number(m),
    passes: Number(t),
    lanes: Number(p),
  };
  if (!isAffordable(cost)) return;
  return {
    cost,
    keyId,
    salt: Buffer.from(salt, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  };
}

/** A broken row must not make the process allocate 64 GiB. */
export function isAffordable({ memory, passes, lanes }: Cost): boolean {
  return (
    [memory, passes, lanes].every(Number.isInteger) &&
    memory <= 262_144 && // 256 MiB
    memory * passes <= 1_048_576 && // about a second
    passes >= 1 &&
    lanes >= 1 &&
    lanes <= 16 &&
    memory >= 8 * lanes // RFC 9106 §3.1
  );
}
// #endregion parse-hash

/** How a hash of this cost begins; `keyid` is where the PHC specification has it. */
export function beginHash({ memory, passes, lanes }: Cost, id: string) {
  return `$argon2id$v=19$m=${memory},t=${passes},p=${lanes},keyid=${id}$`;
}

// #region derive
/** A new salt; the pepper is the secret of RFC 9106 §3.1. */
export async function createHash(
  password: Buffer,
  { cost, pepper }: { cost: Cost; pepper: Pepper },
): Promise<string> {
  const salt = randomBytes(16);
  const tag = await derive(password, { cost, salt, pepper, bytes: 32 });
  const ends = [salt, tag].map(toBase64).join('$');
  return beginHash(cost, pepper.id) + ends;
}

/** Hashes again and compares in constant time. */
export async function isHashOf(
  password: Buffer,
  { cost, salt, tag }: Argon2idHash,
  pepper?: Pepper,
): Promise<boolean> {
  const bytes = tag.length;
  const derived = await derive(password, { cost, salt, pepper, bytes });
  return timingSafeEqual(derived, tag);
}

function derive(
  password: Buffer,
  { cost, salt, pepper, bytes }: Input,
) {
  return hashRaw(password, {
    memoryCost: cost.memory,
    timeCost: cost.passes,
    parallelism: cost.lanes,
    outputLen: bytes,
    salt,
    ...(pepper && { secret: Buffer.from(pepper.secret.reveal()) }),
  });
}
// #endregion derive

type Input = {
  cost: Cost;
  salt: Buffer;
  pepper: Pepper | undefined;
  bytes: number;
};

/** Base64 without padding, as PHC strings have it. */
function toBase64(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}
