import {
  createHttpClient,
  type HttpClientOptions,
} from '../../integrations/resilient-http-client/http-client.ts';

export type BreachListOptions = HttpClientOptions & {
  /** The name of your app; the service refuses requests without one. */
  userAgent: string;
  /** Pwned Passwords, or a copy of it; http only with `allowAddress`. */
  url?: string;
};

/** Stolen passwords, at a service that learns five of forty digits. */
export function createBreachList(options: BreachListOptions) {
  const {
    userAgent,
    url = 'https://api.pwnedpasswords.com',
    ...limits
  } = options;
  // What is wrong here would look like an outage at each sign-up.
  const scheme = limits.allowAddress ? /^https?:/ : /^https:/;
  if (!scheme.test(url) || /[@?#]/.test(url))
    throw new TypeError('url is not https://host/path, and no more');
  const base = new URL(url.replace(/\/*$/, '/'));
  if (!/^[!-~][ -~]*$/.test(userAgent))
    throw new TypeError('userAgent is not text in ASCII');
  const client = createHttpClient({
    deadlineMs: 2000,
    attemptMs: 1000,
    maxBytes: 262_144, // an answer has about 100 KB
    // 250 a second when each takes all of its two seconds.
    maxCalls: 500,
    ...limits,
  });

  // #region is-listed
  /** Rejects without an answer, and for one that is not a list. */
  async function isListed(
    sha1: Buffer,
    signal?: AbortSignal,
  ): Promise<boolean> {
    const hash = sha1.toString('hex').toUpperCase();
    // The rest of the hash never leaves this process.
    const range = new URL(`range/${hash.slice(0, 5)}`, base);
    const { status, body } = await client.request(range, {
      // Padding blurs in the size of the answer which range it is.
      headers: { 'user-agent': userAgent, 'add-padding': 'true' },
      signal,
    });
    const text = body.toString().toUpperCase().trimEnd();
    const rows = text.split(/\r?\n/);
    if (status !== 200 || !rows.every((row) => ROW.test(row)))
      throw new BreachListError(`${status} is not a list of hashes`);
    // Padding has the count 0.
    return rows.some(
      (row) => row.startsWith(hash.slice(5)) && !row.endsWith(':0'),
    );
  }
  // #endregion is-listed

  return { isListed, close: client.close };
}

const ROW = /^[0-9A-F]{35}:\d+$/;

/** The service answered with something else. */
export class BreachListError extends Error {
  override readonly name = 'BreachListError';
  readonly code = 'bad_breach_list';
}
