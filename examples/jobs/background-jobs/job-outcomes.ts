import type { Job, Outcome } from './job.ts';

/** No second attempt can mend this: the job is dead at once. */
export class HopelessError extends Error {
  override readonly name = 'HopelessError';
}

/** The job is somebody else's by now: what this attempt did must not count. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
  override readonly message = 'The lease ended before the job did';
}

/** The worker had to stop: the attempt does not count. */
export class StoppedError extends Error {
  override readonly name = 'StoppedError';
  override readonly message = 'The worker stopped before the job ended';
}

/** Seconds before the retry after that attempt. */
export type Backoff = (attempt: number) => number;

/** What becomes of a job whose attempt ended with this error. */
export function judge(
  { id, attempt, maxAttempts }: Job,
  error: unknown,
  backoff: Backoff,
): Outcome {
  const about = { id, attempt, error: describe(error) };
  if (error instanceof StoppedError)
    return { ...about, retrySeconds: 0, spared: true };
  if (error instanceof HopelessError || attempt >= maxAttempts)
    return about; // no retry: dead
  return { ...about, retrySeconds: backoff(attempt) };
}

/** 1 s, 2 s, 4 s … up to an hour; half of each is drawn by lot. */
export function backOff(attempt: number, random = Math.random): number {
  const seconds = Math.min(3600, 2 ** (attempt - 1));
  return seconds / 2 + (random() * seconds) / 2;
}

// Postgres refuses NUL and half a character, and with it the batch.
function describe(error: unknown): string {
  const text = error instanceof Error ? `${error}` : typeof error;
  return text.replaceAll('\0', '').slice(0, 1000).toWellFormed();
}
