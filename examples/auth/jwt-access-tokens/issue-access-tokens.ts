import { randomUUID } from 'node:crypto';
import { type JWTPayload, SignJWT } from 'jose';
import {
  type SigningKey,
  signingKeyAt,
  signingKeysSchema,
  toJwks,
} from './signing-keys.ts';

export type AccessTokenIssuerOptions = {
  keys: SigningKey[];
  /** The URL of this server, the `iss` of its tokens. */
  issuer: string;
  /** The API that the tokens are for, their `aud`. */
  audience: string;
  /** Default: 300. At most 3600, as nothing ends a token early. */
  lifetimeSeconds?: number;
  clock?: () => Date;
};

/** Whom a token is for, and what it carries besides. */
export type Grant = {
  subject: string;
  clientId: string;
  /** More claims, such as `scope` or `sid`. */
  claims?: JWTPayload;
};

/** Signs access tokens as RFC 9068 has them; `jwks` is what to publish. */
export function createAccessTokenIssuer(
  options: AccessTokenIssuerOptions,
) {
  const { issuer, audience, lifetimeSeconds = 300 } = options;
  const { clock = () => new Date() } = options;
  const keys = signingKeysSchema.parse(options.keys);
  if (!(lifetimeSeconds >= 1 && lifetimeSeconds <= 3600))
    throw new RangeError('lifetimeSeconds is not between 1 and 3600');

  async function issue(grant: Grant): Promise<string> {
    const now = clock();
    const key = signingKeyAt(keys, now);
    const seconds = Math.floor(now.getTime() / 1000);
    // RFC 9068 §2.2 requires all but `nbf`.
    return new SignJWT({ ...grant.claims, client_id: grant.clientId })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: key.kid })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject(grant.subject)
      .setJti(randomUUID())
      .setIssuedAt(seconds)
      .setNotBefore(seconds)
      .setExpirationTime(seconds + lifetimeSeconds)
      .sign(key); // jose imports it once
  }

  return { issue, jwks: toJwks(keys), lifetimeSeconds };
}
