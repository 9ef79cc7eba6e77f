/** A mistake that the caller can fix: told in one sentence, without a stack, with exit code 2. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError';
}
