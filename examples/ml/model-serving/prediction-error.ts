const ADVICE = {
  overloaded: 'Come again in a moment',
  stopping: 'Come again in a moment',
  row_refused: 'This input has ended threads twice: do not repeat it',
  no_answer: 'The model has no answer for this input',
  deadline_exceeded: 'The model did not answer in time',
};

/** Why there is no prediction. Only 503 says that the same request may succeed later. */
export class PredictionError extends Error {
  override readonly name = 'PredictionError';
  readonly expose = true;
  readonly code: keyof typeof ADVICE;
  readonly status: 422 | 503 | 504;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: PredictionError['code']) {
    super(ADVICE[code]);
    const mayRepeat = code === 'overloaded' || code === 'stopping';
    this.code = code;
    const isLate = code === 'deadline_exceeded';
    this.status = mayRepeat ? 503 : isLate ? 504 : 422;
    this.retryAfterSeconds = mayRepeat ? 1 : undefined;
  }
}
