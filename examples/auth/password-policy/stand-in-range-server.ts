import { createHash, randomBytes, randomInt } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** SHA-1 of a password, as lists of stolen passwords have it. */
export function hashForList(password: string): Buffer {
  return createHash('sha1').update(password).digest();
}

/** Pwned Passwords for this machine: its protocol, and a list that you fill. */
export function createRangeServer() {
  const ranges = new Map<string, string[]>();

  /** From now on it was stolen so often. */
  function add(password: string, count = 1) {
    const hash = hashForList(password).toString('hex').toUpperCase();
    const prefix = hash.slice(0, 5);
    const rows = ranges.get(prefix) ?? [];
    ranges.set(prefix, [...rows, `${hash.slice(5)}:${count}`]);
  }

  function answer(request: IncomingMessage, response: ServerResponse) {
    const { url, headers } = request;
    const [, prefix = ''] =
      /^\/range\/([^?]+)(\?mode=sha1)?$/.exec(`${url}`) ?? [];
    response.setHeader('content-type', 'text/plain');
    if (!headers['user-agent']) return say(403, 'Name your app');
    if (!prefix) return say(404, 'Not found');
    if (!/^[0-9A-F]{5}$/i.test(prefix))
      return say(400, 'The hash prefix was not in a valid format');
    const rows = [...(ranges.get(prefix.toUpperCase()) ?? [])];
    // Each of the real ranges has rows.
    if (rows.length === 0) rows.push(`${createSuffix()}:1`);
    const padded =
      headers['add-padding'] === 'true' ? randomInt(800, 1001) : 0;
    while (rows.length < padded) rows.push(`${createSuffix()}:0`);
    say(200, rows.toSorted().join('\r\n'));

    function say(status: number, text: string) {
      response.writeHead(status).end(text);
    }
  }

  return { add, answer };
}

function createSuffix(): string {
  return randomBytes(20).toString('hex').slice(5).toUpperCase();
}
