import type { createAccessTokenIssuer } from '../jwt-access-tokens/issue-access-tokens.ts';
import { LOGIN_SECONDS, type Session } from './refresh-tokens.ts';

type Options = {
  issuer: ReturnType<typeof createAccessTokenIssuer>;
  /** The app that logs in: `web`, `ios`. */
  clientId: string;
};

// Out of reach of scripts, other sites, other hosts and plain HTTP.
const COOKIE = 'Path=/; Secure; HttpOnly; SameSite=Strict';

/** What a login and a refresh answer; `sid` names the login. */
export async function answerSession(
  session: Session,
  { issuer, clientId }: Options,
) {
  const { userId: subject, familyId: sid, refreshToken } = session;
  const grant = { subject, clientId, claims: { sid } };
  const accessToken = await issuer.issue(grant);
  const headers = {
    'set-cookie': `__Host-refresh=${refreshToken}; Max-Age=${LOGIN_SECONDS}; ${COOKIE}`,
    'cache-control': 'no-store', // RFC 6749 §5.1
  };
  const expiresIn = issuer.lifetimeSeconds;
  return { headers, body: { accessToken, expiresIn } };
}

/** What a logout answers. */
export const NO_SESSION = {
  'set-cookie': `__Host-refresh=; Max-Age=0; ${COOKIE}`,
};

/** The refresh token of a `Cookie` header, if it looks like one. */
export function readRefreshToken(header: string | undefined) {
  const pattern = /(?:^|; )__Host-refresh=([\w-]{43})(?:;|$)/;
  return pattern.exec(header ?? '')?.[1];
}
