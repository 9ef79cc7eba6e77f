import { z } from 'zod';

/** None of these is a secret: all have defaults. */
export const environmentSchema = z.object({
  DATABASE_URL: z.url().optional(),
  PORT: z.coerce.number().int().min(0).max(65535).default(3000),
  HEARTBEAT_SECONDS: z.coerce.number().positive().default(15),
  RETRY_MILLISECONDS: z.coerce.number().positive().default(2000),
});
