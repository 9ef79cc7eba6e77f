import { createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose';
import { KeysUnavailableError } from './access-token-error.ts';

export type RemoteKeysOptions = {
  /** The JWKS of the issuer: https, for who changes it signs tokens. */
  url: URL;
  log: { warn: (message: string, details: object) => void };
  /** Milliseconds of a clock that never steps back. */
  now?: () => number;
};

const REFRESH_MS = 5 * 60 * 1000;
const KEEP_MS = 24 * 60 * 60 * 1000;
const COOLDOWN_MS = 30_000;
/** After a load that failed; KeysUnavailableError tells clients so. */
const RETRY_MS = 5000;

/** Finds the key of a token in a JWKS that it loads and keeps. */
export function createRemoteKeys(
  options: RemoteKeysOptions,
): JWTVerifyGetKey {
  const { url, log, now = () => performance.now() } = options;
  // `Infinity`: when to load is decided here, not by jose.
  const remote = createRemoteJWKSet(url, {
    cacheMaxAge: Infinity,
    cooldownDuration: Infinity,
  });
  let loadedAt = -Infinity;
  let nextLoadAt = -Infinity;
  let loading = Promise.resolve();

  const areOlder = (age: number) => now() - loadedAt > age;

  // #region find-key
  const findKey: JWTVerifyGetKey = async (header) => {
    // Old keys serve while new ones are loaded, at most for a day.
    if (areOlder(REFRESH_MS)) load();
    if (areOlder(KEEP_MS)) await loading;
    if (areOlder(KEEP_MS)) throw new KeysUnavailableError();
    try {
      return await remote(header);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await load();
      // A key that we may have missed is not the fault of the token.
      if (areOlder(COOLDOWN_MS))
        throw new KeysUnavailableError('Try again', { cause: error });
      return remote(header);
    }
  };

  /** Loads at most once in 30 seconds, whatever tokens ask for. */
  function load(): Promise<void> {
    if (now() < nextLoadAt) return loading;
    nextLoadAt = now() + COOLDOWN_MS;
    loading = reload();
    return loading;
  }

  async function reload() {
    try {
      await remote.reload();
      // A server that lost its setting must not log out all users.
      if (!remote.jwks()?.keys.length) throw new Error('no keys');
      loadedAt = now();
    } catch (error) {
      nextLoadAt = now() + RETRY_MS;
      log.warn('keys cannot be loaded', { url, error });
    }
  }
  // #endregion find-key

  return findKey;
}
