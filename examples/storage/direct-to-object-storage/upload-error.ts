/** What the caller may know of a refusal. */
export class UploadError extends Error {
  override readonly name = 'UploadError';
  readonly expose = true;
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}
