import type { CookieOptions } from 'express';

/** The browser sends it to this host only, and an EventSource sends it too. */
export const SESSION_COOKIE = '__Host-session';

/** Out of reach of scripts, plain HTTP and other sites. */
export const cookieOptions: CookieOptions = {
  httpOnly: true,
  secure: true,
  sameSite: 'strict',
};

const PATTERN = /(?:^|; )__Host-session=([\w-]{43})(?:;|$)/;

/** The token in a cookie header. */
export function readToken(header = ''): string | undefined {
  return PATTERN.exec(header)?.[1];
}
