/** A request that does not fit what is there; its message says what does. */
export class ConflictError extends Error {
  override readonly name = 'ConflictError';
  readonly status: number;
  readonly code: string;

  constructor(code: string, message: string, status = 409) {
    super(message);
    this.code = code;
    this.status = status;
  }
}
