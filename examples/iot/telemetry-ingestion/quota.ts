import { setTimeout as pause } from 'node:timers/promises';

export type QuotaOptions = {
  perSecond: number;
  burst: number;
  /** Milliseconds of a clock that nobody sets. */
  now?: () => number;
};

/** A token bucket for each device, in the memory of this process; of a device, one call at a time. */
export function createQuota(options: QuotaOptions) {
  const { perSecond, burst, now = () => performance.now() } = options;
  if (!(perSecond > 0 && burst >= 1))
    throw new RangeError('perSecond must be above 0, burst at least 1');
  const stepMs = 1000 / perSecond;
  // When the bucket of a device is full again.
  const fullAt = new Map<string, number>();

  // #region take
  /** Waits until the device may send one more; nothing is taken from a device that is gone. */
  async function take(id: string, gone: AbortSignal) {
    const next = () => Math.max(fullAt.get(id) ?? 0, now()) + stepMs;
    const ms = next() - now() - burst * stepMs;
    // A longer timer of Node ends at once.
    const wait = Math.min(ms, 2 ** 31 - 1);
    if (ms > 0) await pause(wait, 0, { ref: false, signal: gone });
    fullAt.set(id, next());
  }
  // #endregion take

  return { take };
}
