/** A password that cannot be hashed; says the rule and not the password. */
export class PasswordRefusedError extends Error {
  override readonly name = 'PasswordRefusedError';
  readonly code = 'invalid_password';
  readonly status = 400;
  readonly expose = true;
}

/** More hashes are waiting than the process may keep; tried again, it works. */
export class QueueFullError extends Error {
  override readonly name = 'QueueFullError';
  readonly code = 'too_many_logins';
  readonly status = 503;
  readonly expose = false; // of 500 and more, only the code is told
  readonly retryAfterSeconds = 2;
}

/** A stored hash that cannot be judged: not the fault of the user. */
export class StoredHashError extends Error {
  override readonly name = 'StoredHashError';
  readonly code = 'unreadable_password_hash';
}

/** The message of a failed statement, without the details of Postgres. */
export class PasswordNotStoredError extends Error {
  override readonly name = 'PasswordNotStoredError';
  readonly code = 'password_not_stored';
}
