import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

const DIGITS =
  '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

// #region create-key
/** `prefix_`, 256 random bits, and a checksum, as GitHub's tokens. */
export function createKey(prefix: string): string {
  const hex = randomBytes(32).toString('hex');
  const secret = toBase62(BigInt(`0x${hex}`), 43);
  return `${prefix}_${secret}${checksum(secret)}`;
}

/** CRC32: it finds typing errors, and proves nothing. */
export function checksum(secret: string): string {
  return toBase62(BigInt(crc32(secret)), 6);
}

function toBase62(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; rest > 0n; rest /= 62n)
    text = `${DIGITS[Number(rest % 62n)]}${text}`;
  return text.padStart(length, '0');
}
// #endregion create-key

// #region is-key
/** Whether it can be a key at all: asked before any query. */
export function isKey(text: string, prefix: string): boolean {
  const start = `${prefix}_`;
  const secret = text.slice(start.length, -6);
  return (
    text.startsWith(start) &&
    /^[0-9A-Za-z]{43}$/.test(secret) &&
    text.endsWith(checksum(secret))
  );
}

/** All that is stored of a key; so many bits need no slow hash. */
export function hashKey(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
// #endregion is-key
