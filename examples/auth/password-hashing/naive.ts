import { verifySync } from '@node-rs/argon2';

/** The tempting way: the right algorithm, on the main thread. */
export function createNaiveLogins(hashes: Map<string, string>) {
  // #region naive-log-in
  async function logIn(email: string, password: string) {
    const hash = hashes.get(email);
    if (!hash) return false;
    return verifySync(hash, password);
  }
  // #endregion naive-log-in

  return { logIn };
}
