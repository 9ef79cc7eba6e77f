import { createHash } from 'node:crypto';

/** Which version has to answer a user in a trial. */
export type Arm = 'live' | 'canary';

// #region choose-arm
/** Where a user stands in a trial, on each server the same. */
export function placeOf(
  model: string,
  trial: number,
  user: string,
): number {
  const key = JSON.stringify([model, trial, user]);
  const hash = createHash('sha256').update(key).digest();
  return hash.readUInt32BE() / 2 ** 32;
}

/** A share that grows takes users in, and lets none of them out. */
export function chooseArm(
  { model, trial, share }: CanaryShare,
  user: string,
): Arm {
  return placeOf(model, trial, user) < share ? 'canary' : 'live';
}
// #endregion choose-arm

type CanaryShare = { model: string; trial: number; share: number };
