import { randomUUID } from 'node:crypto';
import {
  createLocalJWKSet,
  type JSONWebKeySet,
  jwtVerify,
  SignJWT,
} from 'jose';

/** A private ES256 key with the `kid` that tokens name it by. */
export type SigningKey = Record<
  'crv' | 'd' | 'kid' | 'x' | 'y',
  string
> & { kty: 'EC' };

/** Whom an access token speaks for. */
export type Claims = { userId: string; familyId: string };

/** An access token that does not count, whatever the reason. */
export class AccessTokenError extends Error {
  override readonly name = 'AccessTokenError';
  readonly status = 401;
  readonly code = 'invalid_token';
}

/** What access tokens need; the first key signs, the others still verify. */
export type AccessTokenOptions = {
  keys: readonly [SigningKey, ...SigningKey[]];
  issuer: string;
  audience: string;
  clock: () => Date;
  lifetimeSeconds?: number;
  /** How far the clocks of two machines may be apart. */
  skewSeconds?: number;
};

/** Signs short-lived access tokens and verifies them without a look at the database. */
export function createAccessTokens(options: AccessTokenOptions) {
  const { keys, issuer, audience, clock } = options;
  const { lifetimeSeconds = 300, skewSeconds = 30 } = options;
  const jwks: JSONWebKeySet = { keys: keys.map(toPublicKey) };
  const findKey = createLocalJWKSet(jwks);

  async function sign({ userId, familyId }: Claims): Promise<string> {
    const [key] = keys;
    const now = Math.floor(clock().getTime() / 1000);
    return new SignJWT({ sid: familyId })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: key.kid })
      .setSubject(userId)
      .setIssuer(issuer)
      .setAudience(audience)
      .setJti(randomUUID())
      .setIssuedAt(now)
      .setNotBefore(now)
      .setExpirationTime(now + lifetimeSeconds)
      .sign(key); // jose imports it once
  }

  // #region verify
  async function verify(token: string): Promise<Claims> {
    try {
      const { payload } = await jwtVerify(token, findKey, {
        algorithms: ['ES256'], // never what the token asks for
        typ: 'at+jwt', // RFC 9068: an ID token is no access token
        issuer,
        audience,
        currentDate: clock(),
        clockTolerance: skewSeconds,
        requiredClaims: ['sub', 'sid', 'exp', 'nbf'],
      });
      return { userId: `${payload.sub}`, familyId: `${payload.sid}` };
    } catch (cause) {
      throw new AccessTokenError('Refresh and try again', { cause });
    }
  }
  // #endregion verify

  return { sign, verify, jwks, lifetimeSeconds };
}

/** Named one by one, so that a private member can never slip through. */
function toPublicKey({ kty, crv, x, y, kid }: SigningKey) {
  return { kty, crv, x, y, kid, alg: 'ES256', use: 'sig' };
}
