// #region cookie
// `__Host-`: the browser takes it from this host only, over HTTPS.
const NAME = '__Host-session';
// Lax: a link from a mail is logged in, a form of another site is not.
const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Lax';

/** The `Set-Cookie` that gives a token to the browser. */
export function giveToken(token: string, maxAgeSeconds: number) {
  return `${NAME}=${token}; Max-Age=${maxAgeSeconds}; ${ATTRIBUTES}`;
}

/** The `Set-Cookie` that takes it away. */
export const NO_TOKEN = `${NAME}=; Max-Age=0; ${ATTRIBUTES}`;

/** The token of a `Cookie` header, if it looks like one. */
export function readToken(header: string | undefined) {
  const pattern = /(?:^|; )__Host-session=([\w-]{43})(?:;|$)/;
  return pattern.exec(header ?? '')?.[1];
}
// #endregion cookie
