import { createHash } from 'node:crypto';

// #region choose-arm
/** A user's name in one trial: in the next, others meet the canary first. */
export function keyOf(trial: string, user: string): string {
  const text = JSON.stringify([trial, user]);
  return createHash('sha256').update(text).digest('hex');
}

/** A share that grows takes users in, and lets none of them out. */
export function isInCanary(key: string, share: number): boolean {
  return Number.parseInt(key.slice(0, 8), 16) / 2 ** 32 < share;
}
// #endregion choose-arm
