import type { Pool } from 'pg';
import {
  inTransaction,
  type Work,
} from '../transactions-and-locking/in-transaction.ts';

/** How long a migration may block others, and how it tries again. */
export type Rules = {
  pool: Pool;
  log: { info: (message: string, details: object) => void };
  /** How long queries queue behind it while it waits for a lock. Default: 200. */
  lockTimeoutMs?: number | undefined;
  /** For a transaction from its begin to its commit. Default: 5,000. */
  timeLimitMs?: number | undefined;
  /** How much of the log a replica may lack. Default: 16 MB. */
  maxLagBytes?: number | undefined;
  /** Rejects when the signal is aborted. */
  pause: (ms: number, signal: AbortSignal) => Promise<unknown>;
  signal: AbortSignal;
};

/** What may pass when it is tried again: no lock in time, or a deadlock. */
const LOCK_ERRORS = ['55P03', '40P01'];
const ATTEMPTS = 30;

/** Runs work in a transaction that gives way when it gets no lock, and tries again. */
export async function giveWay<T>(
  rules: Rules,
  work: Work<T>,
): Promise<T> {
  const { pool, log, pause, signal } = rules;
  const { lockTimeoutMs = 200, timeLimitMs = 5000 } = rules;
  // #region retry-for-the-lock
  for (let attempt = 1; ; attempt += 1) {
    try {
      const limits = { lockTimeoutMs, timeLimitMs, signal };
      return await inTransaction(pool, limits, work);
    } catch (error) {
      const isBlocked = LOCK_ERRORS.includes(readCode(error));
      if (!isBlocked || attempt >= ATTEMPTS) throw error;
      // Queries that queued behind this one go first.
      const longest = Math.min(200 * 2 ** attempt, 10_000);
      const waitMs = longest * (0.5 + Math.random() / 2);
      log.info('no lock in time, trying again', { attempt, waitMs });
      await pause(waitMs, signal);
    }
  }
  // #endregion retry-for-the-lock
}

/** The `code` of an error, or nothing. */
export function readCode(error: unknown): string {
  return error instanceof Error && 'code' in error
    ? `${error.code}`
    : '';
}
