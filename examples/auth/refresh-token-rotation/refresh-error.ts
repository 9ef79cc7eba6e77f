/** Every refusal looks the same to the caller; the log tells them apart. */
export class RefreshError extends Error {
  override readonly name = 'RefreshError';
  readonly code = 'invalid_grant';
  readonly status = 401;
  readonly expose = true;

  constructor() {
    super('Log in again');
  }
}
