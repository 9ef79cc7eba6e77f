import { createHash } from 'node:crypto';
import type { Queryable } from './queryable.ts';

/** What is locked: the same key for two purposes is two locks. */
export type LockName = { purpose: string; key: string };

// #region advisory-lock
/** Waits for the lock and holds it until the transaction ends. */
export async function takeLock(tx: Queryable, name: LockName) {
  await tx.query('select pg_advisory_xact_lock($1)', [hash(name)]);
}

/** 64 bits of SHA-256: `hashtext` has 32, and 77,000 keys collide. */
function hash({ purpose, key }: LockName): string {
  const text = JSON.stringify([purpose, key]);
  const digest = createHash('sha256').update(text).digest();
  return `${digest.readBigInt64BE()}`;
}
// #endregion advisory-lock
