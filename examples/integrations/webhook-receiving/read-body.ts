import type { IncomingMessage } from 'node:http';

/** A body that is not read to its end: too large, too slow, packed or cut off. */
export class BodyError extends Error {
  override readonly name = 'BodyError';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** How much a sender may send, and in how much time. */
export type BodyLimits = { maxBytes?: number; seconds?: number };

// #region read-body
/** The bytes of a body; gives up at the limit, not at the end. */
export function readBody(
  request: IncomingMessage,
  { maxBytes = 256 * 1024, seconds = 10 }: BodyLimits = {},
): Promise<Buffer> {
  const { headers } = request;
  return new Promise((resolve, reject) => {
    const refuse = (status: number, code: string, message: string) =>
      reject(new BodyError(status, code, message));
    const refuseSize = () =>
      refuse(413, 'too_large', `Send at most ${maxBytes} bytes`);
    // Packed, a few kilobytes can become gigabytes.
    if (headers['content-encoding'])
      return refuse(415, 'packed_body', 'Send the body as it is');
    if (Number(headers['content-length']) > maxBytes)
      return refuseSize();

    const late = setTimeout(() => {
      refuse(408, 'too_slow', `Send it within ${seconds} seconds`);
    }, seconds * 1000);
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) refuseSize();
      else chunks.push(chunk);
    });
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('close', () => {
      clearTimeout(late);
      refuse(400, 'cut_off', 'The body ended too early');
    });
  });
}
// #endregion read-body
