import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { finished } from 'node:stream';
import { HttpProblem } from '../error-handling/http-problem.ts';
import { checkMembers } from './check-members.ts';

// With its mark, a text is not JSON for JSON.parse and other parsers.
const UTF_8 = new TextDecoder('utf-8', {
  fatal: true,
  ignoreBOM: true,
});
const JSON_TYPE =
  /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;

// #region read-json
/** Reads a body if every parser reads it as this one does. */
export async function readJson(
  request: IncomingMessage,
  maxBytes: number,
): Promise<unknown> {
  if (request.readableDidRead)
    throw new Error('Take express.json() off: the body was read');
  checkHead(request.headers, maxBytes);
  const { text, value } = parse(await readBytes(request, maxBytes));
  const errors = checkMembers(text);
  if (errors.length === 0) return value;
  const advice = 'Send JSON that all parsers read alike';
  throw new HttpProblem(400, 'unsafe_json', advice, { errors });
}

function checkHead(headers: IncomingHttpHeaders, maxBytes: number) {
  const { 'content-type': type, 'content-encoding': coding } = headers;
  // `text/plain` could be sent by any web page without asking; and
  // packed, a small body can become a large one.
  if (
    !JSON_TYPE.test(`${type}`) ||
    (coding ?? 'identity') !== 'identity'
  ) {
    const advice = 'Send application/json in UTF-8, not compressed';
    throw new HttpProblem(415, 'unsupported_media_type', advice);
  }
  if (Number(headers['content-length']) > maxBytes)
    throw refuseSize(maxBytes);
}

function parse(bytes: Buffer): { text: string; value: unknown } {
  try {
    const text = UTF_8.decode(bytes);
    return { text, value: JSON.parse(text) };
  } catch {
    // The message of JSON.parse quotes the body.
    throw new HttpProblem(400, 'invalid_json', 'Send valid JSON');
  }
}
// #endregion read-json

// #region read-bytes
/** Answers at the limit; express.json() waits for the rest first. */
function readBytes(
  request: IncomingMessage,
  maxBytes: number,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0);
    let size = 0;
    function take(chunk: Buffer) {
      const end = size + chunk.length;
      if (end > maxBytes) {
        request.off('data', take); // it flows on, into nothing
        return reject(refuseSize(maxBytes));
      }
      // Kept one by one, chunks of one byte would take 80 times that.
      if (end > bytes.length) bytes = Buffer.concat([bytes], 2 * end);
      chunk.copy(bytes, size);
      size = end;
    }
    request.on('data', take);
    // Calls back also when the client left before this began.
    finished(request, (error) =>
      error ? reject(error) : resolve(bytes.subarray(0, size)),
    );
  });
}

function refuseSize(maxBytes: number): HttpProblem {
  const advice = `Send at most ${maxBytes} bytes`;
  return new HttpProblem(413, 'body_too_large', advice);
}
// #endregion read-bytes
