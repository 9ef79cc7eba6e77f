import { z } from 'zod';

const seconds = z.coerce.number().positive();

/** There is no secret here but the password in DATABASE_URL. */
export const environmentSchema = z.object({
  DATABASE_URL: z.url().optional(),
  PORT: z.coerce.number().int().min(0).max(65535).default(3000),
  CONCURRENCY: z.coerce.number().int().min(1).default(20),
  LEASE_SECONDS: seconds.default(30),
  GRACE_SECONDS: seconds.default(10),
});
