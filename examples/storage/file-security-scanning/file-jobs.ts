import { z } from 'zod';
import type { NewJob } from '../../jobs/background-jobs/job.ts';

/** Later than any upload or scan that has begun by now has ended. */
export const HOUR = 3600;

/** The payload of both jobs; the object is one that a scan wrote. */
export const fileJob = z.strictObject({
  id: z.uuid(),
  object: z.uuid().optional(),
});

// An outage of two days costs no file its job.
const maxAttempts = 100;

/** Decides about a file; of several that wait, one remains. */
export function scanFile(id: string): NewJob {
  const payload = { id };
  return { kind: 'scan-file', uniqueKey: id, payload, maxAttempts };
}

/** Removes the objects of a file that no row needs by then. */
export function cleanUpFile(
  payload: z.infer<typeof fileJob>,
  delaySeconds: number,
): NewJob {
  return { kind: 'clean-up-file', payload, delaySeconds, maxAttempts };
}
