import { z } from 'zod';
import type { NewJob } from '../../jobs/background-jobs/job.ts';

/** Later than any upload or scan that has begun by now has ended. */
export const HOUR = 3600;

/** The payload of both jobs; the hash is that of an object. */
export const fileJob = z.strictObject({
  id: z.uuid(),
  hash: z.string().optional(),
});

type Payload = z.infer<typeof fileJob>;

// An outage of two days costs no file its job.
const maxAttempts = 100;

/** Decides about a file; of several that wait, one remains. */
export function scanFile(id: string): NewJob {
  const payload: Payload = { id };
  return { kind: 'scan-file', uniqueKey: id, payload, maxAttempts };
}

/** Removes the objects of a file that no row needs by then. */
export function cleanUpFile(
  payload: Payload,
  delaySeconds: number,
): NewJob {
  return { kind: 'clean-up-file', payload, delaySeconds, maxAttempts };
}
