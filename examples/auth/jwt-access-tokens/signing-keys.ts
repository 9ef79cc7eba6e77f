import {
  createPrivateKey,
  generateKeyPairSync,
  randomUUID,
} from 'node:crypto';
import type { JSONWebKeySet } from 'jose';
import { z } from 'zod';

// #region signing-keys-schema
// Private keys that RFC 7515 A.3 and RFC 7517 A.2 print.
const PRINTED_KEYS = [
  'jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI',
  '870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE',
];

const coordinate = z.base64url();

const signingKeySchema = z
  .strictObject({
    kty: z.literal('EC'),
    crv: z.literal('P-256'),
    x: coordinate,
    y: coordinate,
    d: coordinate.refine((d) => !PRINTED_KEYS.includes(d), {
      error: 'is a key that a specification prints',
    }),
    kid: z.string().min(1).max(64),
    signsFrom: z.iso.datetime(),
  })
  .refine(isPair, { error: 'd does not belong to x and y' });

/** Private ES256 keys (JWK), each with the time from which it signs. */
export const signingKeysSchema = z
  .array(signingKeySchema)
  .min(1)
  .refine(
    (keys) => new Set(keys.map(({ kid }) => kid)).size === keys.length,
    { error: 'two keys have the same kid' },
  );
// #endregion signing-keys-schema

/** A private ES256 key; it is published at once and signs from `signsFrom` on. */
export type SigningKey = z.infer<typeof signingKeySchema>;

/** Keys as JSON, as a setting holds them. */
export const signingKeysText = z
  .string({ error: 'is not set' })
  .transform((text, context) => {
    try {
      return JSON.parse(text);
    } catch {
      // The message of JSON.parse quotes the text.
      context.addIssue('is not JSON');
      return z.NEVER;
    }
  })
  .pipe(signingKeysSchema);

// #region signing-key-at
const LEAD_MS = 60 * 60 * 1000;

/** A new key: it signs in an hour, when every verifier has it. */
export function createSigningKey(
  signsFrom = new Date(Date.now() + LEAD_MS),
): SigningKey {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return signingKeySchema.parse({
    ...pair.privateKey.export({ format: 'jwk' }),
    kid: randomUUID(),
    signsFrom: signsFrom.toISOString(),
  });
}

/** The key that signs now: the last one whose time has come. */
export function signingKeyAt(
  keys: SigningKey[],
  now: Date,
): SigningKey {
  const startOf = (key: SigningKey) => Date.parse(key.signsFrom);
  const inOrder = keys.toSorted((a, b) => startOf(a) - startOf(b));
  const last = inOrder.findLast((key) => startOf(key) <= now.getTime());
  const key = last ?? inOrder[0];
  if (!key) throw new RangeError('there is no signing key');
  return key;
}
// #endregion signing-key-at

/** The public halves of all keys, those that do not sign yet too. */
export function toJwks(keys: SigningKey[]): JSONWebKeySet {
  // Member by member: nothing private can slip through.
  const toPublic = ({ kty, crv, x, y, kid }: SigningKey) => {
    return { kty, crv, x, y, kid, alg: 'ES256', use: 'sig' };
  };
  return { keys: keys.map(toPublic) };
}

function isPair(key: { kty: string }): boolean {
  try {
    createPrivateKey({ key, format: 'jwk' });
    return true;
  } catch {
    return false;
  }
}
