/** A token that does not count; the caller does not learn why. */
export class AccessTokenError extends Error {
  override readonly name = 'AccessTokenError';
  readonly code = 'invalid_token';
  readonly status = 401;
  readonly expose = true;
  // RFC 6750 §3.1: tells a client to get a new token.
  readonly headers = {
    'www-authenticate': 'Bearer error="invalid_token"',
  };

  constructor(options?: ErrorOptions) {
    super('Get a new token', options);
  }
}

/** A token that cannot be judged: the keys cannot be had. */
export class KeysUnavailableError extends Error {
  override readonly name = 'KeysUnavailableError';
  readonly code = 'keys_unavailable';
  readonly status = 503;
  readonly expose = false; // of 500 and more, only the code is told
  readonly retryAfterSeconds = 5;
}
