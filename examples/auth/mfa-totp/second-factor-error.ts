const PROBLEMS = {
  // Not counted as a guess.
  malformed_code: [400, 'Send six digits as text, or a recovery code'],
  login_over: [401, 'Log in again'],
  proof_too_old: [403, 'Prove again who you are'],
  // The code was not judged, right or wrong.
  too_many_codes: [429, 'Wait'],
  only_recovery_codes: [429, 'Use a recovery code'],
} as const;

/** What the caller may know: another code, a pause or a proof is needed. */
export class SecondFactorError extends Error {
  override readonly name = 'SecondFactorError';
  readonly code: keyof typeof PROBLEMS;
  readonly status: number;
  readonly expose = true;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: keyof typeof PROBLEMS,
    options: { retryAfterSeconds?: number } = {},
  ) {
    const [status, message] = PROBLEMS[code];
    super(message);
    this.code = code;
    this.status = status;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** A stored secret that cannot be decrypted: not the fault of the user. */
export class UnreadableSecretError extends Error {
  override readonly name = 'UnreadableSecretError';
  readonly code = 'unreadable_secret';
  override readonly message =
    'Its key is not in TOTP_KEYS, or it is broken, or of another user';
}
