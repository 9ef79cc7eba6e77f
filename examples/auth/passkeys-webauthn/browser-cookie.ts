/** The `Set-Cookie` for a browser that is about to sign in. */
export function giveBrowser(browser: string): string {
  return `__Host-passkey=${browser}; Max-Age=3600; Path=/; Secure; HttpOnly; SameSite=Strict`;
}

/** The secret of the browser, if it has one. */
export function readBrowser(header: string | undefined) {
  const pattern = /(?:^|; )__Host-passkey=([\w-]{43})(?:;|$)/;
  return pattern.exec(header ?? '')?.[1];
}
