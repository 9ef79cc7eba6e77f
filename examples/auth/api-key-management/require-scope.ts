import type { IncomingMessage, ServerResponse } from 'node:http';
import { ApiKeyError } from './key-error.ts';
import { type KeyRules, requireRules } from './key-rules.ts';
import type { VerifiedKey } from './verify-keys.ts';

export type KeyGuardOptions<Scope extends string> = {
  verify: (text: string) => Promise<VerifiedKey>;
  rules: KeyRules<Scope>;
  log: { warn: (message: string, details: object) => void };
};

/** Lets a request pass that has a key with the scope of its route. */
export function createKeyGuard<Scope extends string>(
  options: KeyGuardOptions<Scope>,
) {
  const { verify, log } = options;
  const { scopes } = requireRules(options.rules);
  const keys = new WeakMap<IncomingMessage, VerifiedKey>();

  // #region require-scope
  /** The middleware of one route. */
  function requireScope(scope: Scope) {
    if (!scopes.includes(scope))
      throw new RangeError(`there is no scope ${scope}`);
    return async function guard(
      request: IncomingMessage,
      response: ServerResponse,
      next: (error?: unknown) => void,
    ): Promise<void> {
      // What one key gets must not be in a cache for another.
      response.setHeader('cache-control', 'no-store');
      try {
        const key = await verify(readKey(request));
        if (!key.scopes.includes(scope)) {
          log.warn('api key lacks a scope', { keyId: key.id, scope });
          throw new ApiKeyError('missing_scope', { scope });
        }
        keys.set(request, key);
      } catch (error) {
        return next(error); // Express 4 ignores a rejection
      }
      next();
    };
  }

  /** The key; throws on a route without `requireScope`. */
  function keyOf(request: IncomingMessage): VerifiedKey {
    const key = keys.get(request);
    if (key) return key;
    throw new Error('this route has no requireScope');
  }
  // #endregion require-scope

  return { requireScope, keyOf };
}

// #region read-key
/** From the header alone: a URL is in logs, histories and referers. */
export function readKey({ headers }: IncomingMessage): string {
  // RFC 9110 §11.1: the scheme in any case.
  const { authorization = '' } = headers;
  const [, key] = /^bearer +(\S+)$/i.exec(authorization) ?? [];
  if (!key) throw new ApiKeyError('missing_api_key');
  return key;
}
// #endregion read-key
