type Work = (signal: AbortSignal) => PromiseLike<unknown>;

/** Resolves when the work does; rejects after `ms`, even when the work ignores its signal. */
export async function withDeadline(
  ms: number,
  work: Work,
): Promise<void> {
  const abort = new AbortController();
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const message = `took longer than ${ms} ms`;
    const error = new DOMException(message, 'TimeoutError');
    abort.abort(error);
    reject(error);
  }, ms);
  try {
    await Promise.race([work(abort.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Throws RangeError for a time that setTimeout takes as 1 ms: NaN, Infinity, 25 days. */
export function requireTimes(times: Record<string, number>): void {
  for (const [name, ms] of Object.entries(times))
    if (!(ms >= 0 && ms < 2 ** 31))
      throw new RangeError(`${name} is ${ms}: use 0 to 2147483647 ms`);
}
