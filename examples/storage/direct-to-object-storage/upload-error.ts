/** What a caller may be told, with the status that it means. */
export class UploadError extends Error {
  override readonly name = 'UploadError';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** The store has neither parts nor an object: there is nothing to go on with. */
export function uploadGone(): UploadError {
  return new UploadError(409, 'upload_gone', 'Begin a new upload');
}
