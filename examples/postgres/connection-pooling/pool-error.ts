const MESSAGES = {
  queue_full: 'Too many callers wait for a connection already',
  no_connection: 'No connection could be had in time',
  ended: 'The pool has ended',
  no_answer: 'Postgres fell silent, so the outcome is unknown',
};

/** `no_answer`: the statement may have run. With any other code, nothing was sent. */
export class PoolError extends Error {
  override readonly name = 'PoolError';
  readonly code: keyof typeof MESSAGES;

  constructor(code: keyof typeof MESSAGES, cause?: unknown) {
    super(MESSAGES[code], { cause });
    this.code = code;
  }
}
