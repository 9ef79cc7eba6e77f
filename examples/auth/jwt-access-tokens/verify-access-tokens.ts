import {
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose';
import { AccessTokenError } from './access-token-error.ts';

export type AccessTokenVerifierOptions = {
  /** `createRemoteKeys(…)`, or jose's `createLocalJWKSet(jwks)`. */
  findKey: JWTVerifyGetKey;
  issuer: string;
  audience: string;
  clock?: () => Date;
};

/** What a valid token says. */
export type AccessToken = {
  subject: string;
  clientId: string;
  tokenId: string;
  claims: JWTPayload;
};

/** How far the clocks of two machines may be apart. */
const SKEW_SECONDS = 30;

/** Verifies tokens without a database; rejects with an AccessTokenError, or with what `findKey` throws. */
export function createAccessTokenVerifier(
  options: AccessTokenVerifierOptions,
) {
  const { findKey, issuer, audience } = options;
  const { clock = () => new Date() } = options;
  // jose skips the check of what is undefined.
  if (!issuer || !audience)
    throw new TypeError('issuer and audience must be set');

  // #region verify
  async function verify(token: string): Promise<AccessToken> {
    try {
      const { payload } = await jwtVerify(token, findKey, {
        algorithms: ['ES256'], // never what the token asks for
        typ: 'at+jwt', // RFC 9068 §4: not an ID token
        issuer,
        audience,
        currentDate: clock(),
        clockTolerance: SKEW_SECONDS,
        requiredClaims: ['exp', 'iat'],
      });
      return readAccessToken(payload);
    } catch (cause) {
      // An outage of the key server is not the fault of the token.
      if (!(cause instanceof errors.JOSEError)) throw cause;
      throw new AccessTokenError({ cause });
    }
  }
  // #endregion verify

  return { verify };
}

function readAccessToken(claims: JWTPayload): AccessToken {
  return {
    subject: readText(claims, 'sub'),
    clientId: readText(claims, 'client_id'),
    tokenId: readText(claims, 'jti'),
    claims,
  };
}

/** jose checks that claims are there, not that they are text. */
function readText(claims: JWTPayload, name: string): string {
  const { [name]: value } = claims;
  if (typeof value === 'string' && value !== '') return value;
  throw new errors.JWTClaimValidationFailed(
    `"${name}" is not text`,
    claims,
    name,
  );
}

/** The token of an `Authorization` header (RFC 6750 §2.1). */
export function readBearer(header: string | undefined) {
  return /^Bearer +([\w.~+/-]+=*)$/i.exec(header ?? '')?.[1];
}
