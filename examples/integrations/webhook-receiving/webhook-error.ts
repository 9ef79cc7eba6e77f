/** A request that is refused before it is an event; the sender may read why. */
export class WebhookError extends Error {
  override readonly name = 'WebhookError';
  readonly status: number;
  readonly code: string;
  readonly expose = true;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}
