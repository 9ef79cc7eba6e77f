/** Nobody can answer at this moment: come back. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
  readonly status = 503;
  readonly code: 'no_answer' | 'nothing_served';
  readonly retryAfterSeconds = 1;

  constructor(code: 'no_answer' | 'nothing_served') {
    super('Come back in a second');
    this.code = code;
  }
}
