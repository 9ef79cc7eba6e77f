// #region refresh-cookie
const NAME = '__Host-refresh';

// Out of reach of scripts, other sites, other hosts and plain HTTP.
const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Strict';

/** The `Set-Cookie` that gives a browser its refresh token. */
export function writeRefreshCookie(token: string, maxAge: number) {
  return `${NAME}=${token}; Max-Age=${maxAge}; ${ATTRIBUTES}`;
}

/** The `Set-Cookie` that takes it away. */
export const NO_REFRESH_COOKIE = writeRefreshCookie('', 0);

/** The token of a `Cookie` header, if it looks like one. */
export function readRefreshCookie(header: string | undefined) {
  const pattern = /(?:^|; )__Host-refresh=([\w-]{43})(?:;|$)/;
  return pattern.exec(header ?? '')?.[1];
}
// #endregion refresh-cookie
