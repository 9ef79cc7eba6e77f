import type { IncomingMessage } from 'node:http';
import { HttpProblem } from '../../api-design/error-handling/http-problem.ts';

/** How much a sender may send, and in how much time; 256 kB and 10 seconds unless you say more. */
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
      reject(new HttpProblem(status, code, message));
    const refuseSize = () =>
      refuse(413, 'too_large', `Send at most ${maxBytes} bytes`);
    if (request.readableDidRead)
      return reject(new Error('A body parser has read the body'));
    // Compressed, a few kilobytes can become gigabytes.
    if (headers['content-encoding'])
      return refuse(415, 'compressed_body', 'Send it uncompressed');
    if (Number(headers['content-length']) > maxBytes)
      return refuseSize();

    const late = setTimeout(() => {
      refuse(408, 'too_slow', `Send it within ${seconds} seconds`);
    }, seconds * 1000);
    let bytes = Buffer.alloc(0);
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      const end = size + chunk.length;
      if (end > maxBytes) return refuseSize();
      // Kept one by one, chunks of one byte would take 100 times that.
      if (end > bytes.length) bytes = Buffer.concat([bytes], 2 * end);
      chunk.copy(bytes, size);
      size = end;
    });
    request.on('end', () => resolve(bytes.subarray(0, size)));
    request.on('close', () => {
      clearTimeout(late);
      refuse(400, 'cut_off', 'The body ended too early');
    });
  });
}
// #endregion read-body
