/** A mistake of the caller's, told in one sentence: a command prints it and exits 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
