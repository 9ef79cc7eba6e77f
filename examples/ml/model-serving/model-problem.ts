/** Why a caller gets no answer. Only 503 says that the same request may succeed later. */
export class ModelProblem extends Error {
  override readonly name = 'ModelProblem';
  readonly expose = true;
  readonly status: number;
  readonly code: string;
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.retryAfterSeconds = status === 503 ? 1 : undefined;
  }
}
