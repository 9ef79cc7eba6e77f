import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { HttpProblem } from '../../api-design/error-handling/http-problem.ts';

/** A request as it came: the body is bytes, not what a parser made of them. */
export type SignedRequest = {
  headers: IncomingHttpHeaders;
  body: Buffer;
};

/** What a verifier needs to know of one sender. */
export type VerifierOptions = {
  scheme: keyof typeof SCHEMES;
  /** Each secret that may sign now: two while one replaces the other. */
  secrets: string[];
  /** Default: 300. */
  toleranceSeconds?: number;
  clock?: () => Date;
};

/** Checks who sent a request and when, and returns the id of its event. */
export function createVerifier(options: VerifierOptions) {
  const { secrets, toleranceSeconds = 300 } = options;
  const { clock = () => new Date() } = options;
  const scheme = SCHEMES[options.scheme];
  const keys = secrets.map((secret) =>
    toKey(secret, scheme.keyEncoding),
  );
  if (keys.length === 0) throw new RangeError('No signing secret');

  // #region verify
  return function verify({ headers, body }: SignedRequest): string {
    const { timestamp, signatures, prefix, id } = scheme.read(headers);
    const seconds = Math.floor(clock().getTime() / 1000);
    const age = Math.abs(seconds - Number(timestamp));
    // A sender that tries again signs again, with a new timestamp.
    const isNear = age <= toleranceSeconds; // NaN never is
    if (!isNear || !/^\d+$/.test(timestamp))
      throw refuse('The timestamp is too far from now');

    const isGenuine = keys.some((key) => {
      // The bytes as they came: what JSON.stringify makes differs.
      const mac = createHmac('sha256', key).update(prefix).update(body);
      const expected = mac.digest(scheme.encoding);
      return signatures.some((given) => isEqual(given, expected));
    });
    if (!isGenuine) throw refuse('No signature matches this body');
    return checkId(id ?? readId(body));
  };
  // #endregion verify
}

function refuse(message: string) {
  return new HttpProblem(400, 'invalid_signature', message);
}

const SCHEMES = {
  /** Standard Webhooks 1.0: `v1,<base64>` of `id.timestamp.body`. */
  standard: {
    keyEncoding: 'base64' as const,
    encoding: 'base64' as const,
    read(headers: IncomingHttpHeaders) {
      const id = readHeader(headers, 'webhook-id');
      const timestamp = readHeader(headers, 'webhook-timestamp');
      const signatures = readHeader(headers, 'webhook-signature')
        .split(' ')
        .filter((signature) => signature.startsWith('v1,'))
        .map((signature) => signature.slice('v1,'.length));
      const prefix = `${id}.${timestamp}.`;
      return { timestamp, signatures, prefix, id };
    },
  },
  /** Stripe: `t=<timestamp>,v1=<hex>` of `timestamp.body`. */
  stripe: {
    keyEncoding: 'utf8' as const,
    encoding: 'hex' as const,
    read(headers: IncomingHttpHeaders) {
      const header = readHeader(headers, 'stripe-signature');
      const pairs = header.split(',').map((pair) => pair.split('='));
      const find = (name: string) =>
        pairs.flatMap(([key, value]) =>
          key === name && value ? [value] : [],
        );
      const timestamp = find('t').at(-1) ?? '';
      const prefix = `${timestamp}.`;
      return { timestamp, signatures: find('v1'), prefix, id: null };
    },
  },
};

// #region to-key
/** With an empty key, anybody could sign. Stripe's key is the text itself. */
function toKey(secret: string, encoding: 'base64' | 'utf8'): Buffer {
  const random = secret.replace(/^whsec_/, '');
  // 24 bytes are 32 characters; by chance, 12 of them differ.
  if (!/^[\w+/-]{32,}=*$/.test(random) || new Set(random).size < 12)
    throw new RangeError('A signing secret is missing or too weak');
  return Buffer.from(encoding === 'utf8' ? secret : random, encoding);
}
// #endregion to-key

function readHeader(headers: IncomingHttpHeaders, name: string) {
  const value = headers[name];
  if (typeof value === 'string' && value) return value;
  throw refuse(`Send the header ${name}`);
}

function isEqual(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Stripe has the id in the body, and there it is signed too. */
function readId(body: Buffer): unknown {
  try {
    const event: unknown = JSON.parse(body.toString());
    return event instanceof Object && 'id' in event && event.id;
  } catch {
    return undefined;
  }
}

function checkId(id: unknown): string {
  if (typeof id === 'string' && /^[ -~]{1,255}$/.test(id)) return id;
  throw refuse('The event has no id that can be kept');
}
