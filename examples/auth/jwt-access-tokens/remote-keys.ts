import { createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose';
import { KeysUnavailableError } from './access-token-error.ts';

export type RemoteKeysOptions = {
  /** The JWKS of the issuer: https, for who changes it signs tokens. */
  url: URL;
  log: { warn: (message: string, details: object) => void };
  /** After it, keys are loaded again. Default: 300. */
  refreshSeconds?: number;
  /** How long keys count while the server is down. Default: one day. */
  keepSeconds?: number;
  /** The least time between two loads. Default: 30. */
  cooldownSeconds?: number;
  /** Milliseconds of a clock that never steps back. */
  now?: () => number;
};

/** Finds the key of a token in a JWKS that it loads and keeps. */
export function createRemoteKeys(
  options: RemoteKeysOptions,
): JWTVerifyGetKey {
  const { url, log, now = () => performance.now() } = options;
  const { refreshSeconds = 300, keepSeconds = 86_400 } = options;
  const { cooldownSeconds = 30 } = options;
  // `Infinity`: when to load is decided here, not by jose.
  const remote = createRemoteJWKSet(url, {
    cacheMaxAge: Infinity,
    cooldownDuration: Infinity,
  });
  let loadedAt = -Infinity;
  let triedAt = -Infinity;
  let loading = Promise.resolve();

  const isOlder = (time: number, seconds: number) =>
    now() - time > seconds * 1000;

  // #region find-key
  const findKey: JWTVerifyGetKey = async (header) => {
    const isStale = isOlder(loadedAt, refreshSeconds);
    const loaded = isStale ? load() : loading;
    // Old keys serve while new ones are loaded, at most for a day.
    if (isOlder(loadedAt, keepSeconds)) await loaded;
    if (isOlder(loadedAt, keepSeconds))
      throw new KeysUnavailableError();
    try {
      return await remote(header);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await load();
      // A key that we may have missed is not the fault of the token.
      if (isOlder(loadedAt, refreshSeconds))
        throw new KeysUnavailableError('Try again', { cause: error });
      return remote(header);
    }
  };

  /** Loads at most once in `cooldownSeconds`, whatever tokens ask for. */
  function load(): Promise<void> {
    if (!isOlder(triedAt, cooldownSeconds)) return loading;
    triedAt = now();
    loading = remote.reload().then(
      () => {
        loadedAt = now();
      },
      (error) => log.warn('keys cannot be loaded', { url, error }),
    );
    return loading;
  }
  // #endregion find-key

  return findKey;
}
