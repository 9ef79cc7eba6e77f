import { CutOffError } from '../worker-loop/cut-off-error.ts';
import type { Ended } from '../worker-loop/start-worker.ts';
import type { Job, Outcome } from './job.ts';

/** No further attempt can succeed: the job is dead at once. */
export class PermanentError extends Error {
  override readonly name = 'PermanentError';
}

// #region judge
/** What becomes of a job; nothing when the transaction of its handler decides. */
export function judge(
  { item: job, result }: Ended<Job>,
  retry: (attempt: number) => number,
): Outcome[] {
  // Its row is gone, or locked by a handler that goes on.
  if (job.completed) return [];
  const { id, kind, attempt } = job;
  if (result.status === 'fulfilled') return [{ id, kind, attempt }];

  const error: unknown = result.reason;
  const failed = { id, kind, attempt, error: describe(error) };
  if (error instanceof CutOffError && error.code === 'stopped')
    return [{ ...failed, retrySeconds: 0, spared: true }];
  if (error instanceof PermanentError || attempt >= job.maxAttempts)
    return [failed]; // no retry: dead
  return [{ ...failed, retrySeconds: retry(attempt) }];
}
// #endregion judge

/** 1 s, 2 s, 4 s … up to an hour, of which half is random. */
export function chooseRetry(attempt: number): number {
  const seconds = Math.min(3600, 2 ** (attempt - 1));
  return seconds / 2 + (Math.random() * seconds) / 2;
}

// Postgres refuses NUL and half a character, and with it the batch.
function describe(error: unknown): string {
  const text = error instanceof Error ? `${error}` : typeof error;
  return text.replaceAll('\0', '').slice(0, 1000).toWellFormed();
}
