/** Told at once; nothing was promised, so come again. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
  readonly status = 503;
  readonly retryAfterSeconds = 1;
  readonly code: 'overloaded' | 'stopping' | 'worker_lost';

  constructor(code: UnavailableError['code']) {
    super('Try again in a moment');
    this.code = code;
  }
}
