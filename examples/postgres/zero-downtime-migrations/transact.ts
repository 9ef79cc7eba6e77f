import type { ClientBase } from 'pg';

/** How long a migration may stand in the way, and how it tries again. */
export type LockRules = {
  log: { info: (message: string, details: object) => void };
  pause: (milliseconds: number) => Promise<unknown>;
  random: () => number;
  /** Longer than this, nobody queues behind a migration that waits. */
  lockTimeoutMs: number;
  statementTimeoutMs: number;
  attempts: number;
};

/** What may pass when it is tried again: no lock in time, or a deadlock. */
const LOCK_ERRORS = new Set(['55P03', '40P01']);

/** Runs work in a transaction that gives way when it gets no lock, and tries again. */
export async function transact<T>(
  client: ClientBase,
  rules: LockRules,
  work: () => Promise<T>,
): Promise<T> {
  const { log, pause, random, attempts } = rules;
  // #region retry-for-the-lock
  for (let attempt = 1; ; attempt++) {
    try {
      await client.query(
        `begin;
         set local lock_timeout = ${rules.lockTimeoutMs};
         set local statement_timeout = ${rules.statementTimeoutMs}`,
      );
      const result = await work();
      await client.query('commit');
      return result;
    } catch (error) {
      await rollBack(client);
      if (attempt >= attempts || !isLockError(error)) throw error;
      // Whoever queued behind us goes first, and so do the next.
      const longest = Math.min(200 * 2 ** attempt, 10_000);
      const waitMs = longest * (0.5 + random() / 2);
      log.info('no lock in time, trying again', { attempt, waitMs });
      await pause(waitMs);
    }
  }
  // #endregion retry-for-the-lock
}

/** Where the connection is lost, the error before says more. */
async function rollBack(client: ClientBase): Promise<void> {
  try {
    await client.query('rollback');
  } catch {}
}

function isLockError(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    LOCK_ERRORS.has(`${error.code}`)
  );
}
