import { createHash, createHmac } from 'node:crypto';

export type SignedRequest = {
  method: string;
  /** Path and query, as they are sent. */
  target: string;
  /** As lines: `Host:example.com`. */
  headers: string[];
};

const hash = (text: string) =>
  createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string) =>
  createHmac('sha256', key).update(text).digest();

/** Whether a store that has the secret takes it: Signature Version 4 in the query, written from Amazon's reference. */
export function hasValidSignature(
  request: SignedRequest,
  secret: string,
) {
  const { method, target } = request;
  const [path = '', search = ''] = target.split('?');
  const query = readQuery(search);
  const signed = `${query.get('X-Amz-SignedHeaders')}`;
  const headers = readHeaders(request.headers);
  const names = signed.split(';');
  const canonical = [
    method,
    path,
    writeQuery(query),
    ...names.map((name) => `${name}:${headers.get(name)}`),
    '',
    signed,
    query.get('X-Amz-Content-Sha256') ?? hash(''),
  ].join('\n');
  const [, ...scope] = `${query.get('X-Amz-Credential')}`.split('/');
  const text = [
    'AWS4-HMAC-SHA256',
    query.get('X-Amz-Date'),
    scope.join('/'),
    hash(canonical),
  ].join('\n');
  const key = scope.reduce<string | Buffer>(hmac, `AWS4${secret}`);
  return (
    hmac(key, text).toString('hex') === query.get('X-Amz-Signature')
  );
}

/** In the order of the encoded names: `a=` comes before `a-b=`. */
function writeQuery(query: Map<string, string>): string {
  const names = [...query.keys()].map(encode).toSorted();
  return names
    .filter((name) => name !== 'X-Amz-Signature')
    .map((name) => {
      const value = query.get(decodeURIComponent(name));
      return `${name}=${encode(`${value}`)}`;
    })
    .join('&');
}

function readQuery(search: string): Map<string, string> {
  const pairs = search.split('&').map((pair): [string, string] => {
    const [name = '', value = ''] = pair.split('=');
    return [decodeURIComponent(name), decodeURIComponent(value)];
  });
  return new Map(pairs);
}

/** Names in lower case; a name that is there twice has both values. */
function readHeaders(lines: string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name = '', value = ''] = /^([^:]+):(.*)$/.exec(line) ?? [];
    const before = headers.get(name.toLowerCase());
    const trimmed = value.trim().replaceAll(/ +/g, ' ');
    const all = before === undefined ? trimmed : `${before},${trimmed}`;
    headers.set(name.toLowerCase(), all);
  }
  return headers;
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
