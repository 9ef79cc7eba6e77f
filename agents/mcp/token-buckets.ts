/** How often an address may ask: so many times at once, and then so many times a second. */
export type Rate = { burst: number; perSecond: number };

/** Takes a token of an address; answers how many seconds it has to wait for one, 0 when it got it. */
export type TakeToken = (address: string) => number;

type Bucket = { tokens: number; filledAt: number };

/** Addresses remembered at most; the one that asked the longest ago is forgotten first. */
const CAPACITY = 10_000;

/** A bucket of tokens for each address; `now` is in milliseconds. */
export function createTokenBuckets({ burst, perSecond }: Rate, now: () => number): TakeToken {
  const buckets = new Map<string, Bucket>();
  return function take(address) {
    const key = keyOf(address);
    const tokens = refill(buckets.get(key));
    const taken = tokens >= 1;
    buckets.delete(key);
    buckets.set(key, { tokens: taken ? tokens - 1 : tokens, filledAt: now() });
    if (buckets.size > CAPACITY) buckets.delete(buckets.keys().next().value ?? '');
    return taken ? 0 : Math.ceil((1 - tokens) / perSecond);
  };

  function refill(bucket: Bucket | undefined): number {
    if (!bucket) return burst;
    const seconds = (now() - bucket.filledAt) / 1_000;
    return Math.min(burst, bucket.tokens + seconds * perSecond);
  }
}

/** Whoever has one IPv6 address has the 2^64 beside it too. */
const keyOf = (address: string): string =>
  address.includes(':') && !address.includes('.')
    ? expand(address).slice(0, 4).join(':')
    : address.replace(/^::ffff:/i, '');

/** The eight groups of an IPv6 address. */
function expand(address: string): string[] {
  const [head = '', tail] = address.replace(/%.*$/, '').split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  return [
    ...before,
    ...Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0'),
    ...after,
  ];
}
