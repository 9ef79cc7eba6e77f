/** How many readings a device may send: `burst` at once, then `perSecond`. */
export type TokenBucketOptions = {
  clock: () => Date;
  perSecond: number;
  burst: number;
};

/** A bucket for each device, in the memory of this process. */
export function createTokenBuckets(options: TokenBucketOptions) {
  const { clock, perSecond, burst } = options;
  const buckets = new Map<string, { tokens: number; at: number }>();

  /** Takes a token, maybe one of the future: the seconds until then. */
  function take(id: string): number {
    const now = clock().getTime();
    const { tokens, at } = buckets.get(id) ?? {
      tokens: burst,
      at: now,
    };
    const refilled = tokens + ((now - at) / 1000) * perSecond;
    const left = Math.min(burst, refilled) - 1;
    buckets.set(id, { tokens: left, at: now });
    return Math.max(0, -left / perSecond);
  }

  function giveBack(id: string): void {
    const bucket = buckets.get(id);
    if (bucket) bucket.tokens++;
  }

  return { take, giveBack };
}
