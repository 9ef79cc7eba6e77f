import { z } from 'zod';

/** The store's own settings, S3_ENDPOINT and its keys, are read by whoever opens it. */
export const environmentSchema = z.object({
  DATABASE_URL: z.url().optional(),
  S3_BUCKET: z.string().min(3).default('touchstone-uploads'),
  PORT: z.coerce.number().int().min(0).max(65535).default(3000),
});
