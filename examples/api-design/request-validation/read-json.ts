import type { IncomingMessage } from 'node:http';
import { HttpProblem } from '../error-handling/http-problem.ts';
import { checkMembers } from './check-members.ts';

/** What a body may be at most. */
export type BodyLimits = {
  maxBytes?: number;
  maxDepth?: number;
  /** From the head of the request to the end of its body. */
  seconds?: number;
};

const UTF_8 = new TextDecoder('utf-8', { fatal: true });
const JSON_TYPE =
  /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;
const MOST_ERRORS = 20;

// #region read-json
/** Reads a body if every parser reads it as this one does. */
export function createJsonReader(limits: BodyLimits = {}) {
  const { maxBytes = 100_000, maxDepth = 32, seconds = 10 } = limits;
  requireLimit('maxBytes', maxBytes, 2 ** 28);
  requireLimit('maxDepth', maxDepth, 1_000);
  requireLimit('seconds', seconds, 300);

  return async function readJson(request: IncomingMessage) {
    requireJson(request);
    const bytes = await readBytes(request, { maxBytes, seconds });
    const { text, value } = parse(bytes);
    const errors = checkMembers(text, maxDepth).slice(0, MOST_ERRORS);
    if (errors.length === 0) return value;
    const advice = 'Send JSON that all parsers read alike';
    throw new HttpProblem(400, 'unsafe_json', advice, { errors });
  };
}

function requireJson({ headers, readableEnded }: IncomingMessage) {
  if (readableEnded)
    throw new Error('Take express.json() off: the body was read');
  const { 'content-encoding': packed = 'identity' } = headers;
  // `text/plain` could be sent by any web page without asking.
  if (JSON_TYPE.test(headers['content-type'] ?? '')) {
    if (packed === 'identity') return;
    // Packed, a few kilobytes can become gigabytes.
    throw refuse(415, 'unsupported_encoding', 'Send the body as it is');
  }
  const advice = 'Send application/json in UTF-8';
  throw refuse(415, 'unsupported_media_type', advice);
}

function parse(bytes: Buffer): { text: string; value: unknown } {
  try {
    const text = UTF_8.decode(bytes);
    return { text, value: JSON.parse(text) };
  } catch {
    // The message of JSON.parse quotes the body.
    throw refuse(400, 'invalid_json', 'Send valid JSON');
  }
}
// #endregion read-json

const refuse = (status: number, code: string, advice: string) =>
  new HttpProblem(status, code, advice);

// #region read-bytes
type ByteLimits = { maxBytes: number; seconds: number };

/** Answers at the limit; express.json() waits for the rest first. */
function readBytes(
  request: IncomingMessage,
  { maxBytes, seconds }: ByteLimits,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = Number(request.headers['content-length']);
    const refuseSize = () =>
      reject(
        refuse(413, 'body_too_large', `Send at most ${maxBytes} bytes`),
      );
    if (size > maxBytes) refuseSize();
    else size = 0;

    const late = setTimeout(() => {
      // Refused before: what is still coming is not waited for.
      if (size > maxBytes) request.destroy();
      const advice = `Send the body within ${seconds} seconds`;
      reject(
        new HttpProblem(408, 'body_too_slow', advice, {
          headers: { connection: 'close' },
        }),
      );
    }, seconds * 1000);
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) refuseSize();
      else chunks.push(chunk);
    });
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('error', reject);
    request.on('close', () => clearTimeout(late));
  });
}
// #endregion read-bytes

function requireLimit(name: string, limit: number, most: number): void {
  if (!(limit > 0 && limit <= most))
    throw new RangeError(`${name} is not between 0 and ${most}`);
}
