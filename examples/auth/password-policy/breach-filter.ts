import { createHash } from 'node:crypto';

const MAGIC = Buffer.from('BREACH01');
const HEADER = MAGIC.length + 32;
/** Half of the bits are set, so 2 ** -20 of all others look listed. */
const LOOKUPS = Array.from({ length: 20 }, (_, lookup) => lookup);

// #region build-filter
/** A file that knows all these SHA-1 hashes, in 29 bits each. */
export function buildBreachFilter(hashes: readonly Buffer[]): Buffer {
  if (hashes.length === 0) throw new RangeError('there are no hashes');
  // In a small filter, too many bits meet.
  const bitCount = Math.max(hashes.length, 1000) * (20 / Math.LN2);
  const bits = Buffer.alloc(Math.ceil(bitCount / 8));
  for (const hash of hashes)
    for (const lookup of LOOKUPS) {
      const { byte, mask } = findBit(hash, lookup, bits);
      bits.writeUInt8(bits.readUInt8(byte) | mask, byte);
    }
  return Buffer.concat([MAGIC, digest(bits), bits]);
}

/** Enhanced double hashing: two parts of a SHA-1 are random enough. */
function findBit(hash: Buffer, lookup: number, bits: Buffer) {
  const start = hash.readUIntBE(0, 6);
  const step = hash.readUIntBE(6, 6);
  // Without the cube, a step of 0 would find the same bit 20 times.
  const sum = start + lookup * step + (lookup ** 3 - lookup) / 6;
  const bit = sum % (bits.length * 8);
  return { byte: Math.floor(bit / 8), mask: 1 << (bit % 8) };
}
// #endregion build-filter

// #region open-filter
/** Refuses a file that is cut off: it would know less than it seems. */
export function openBreachFilter(file: Buffer) {
  const bits = Buffer.from(file.subarray(HEADER)); // a copy
  const header = Buffer.concat([MAGIC, digest(bits)]);
  if (bits.length === 0 || !file.subarray(0, HEADER).equals(header))
    throw new TypeError(
      'this is not a whole breach filter: build it again',
    );

  /** True for each hash of the list, and for one other in a million. */
  function mayHave(sha1: Buffer): boolean {
    return LOOKUPS.every((lookup) => {
      const { byte, mask } = findBit(sha1, lookup, bits);
      return bits.readUInt8(byte) & mask;
    });
  }
  return { mayHave };
}
// #endregion open-filter

function digest(bits: Buffer): Buffer {
  return createHash('sha256').update(bits).digest();
}
