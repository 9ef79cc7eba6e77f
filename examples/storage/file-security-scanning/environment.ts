import { z } from 'zod';

/** The secrets here are those of the database and of the store: they have no defaults. */
export const environmentSchema = z.object({
  DATABASE_URL: z.url().optional(),
  PORT: z.coerce.number().int().min(0).max(65535).default(3000),
  QUARANTINE_BUCKET: z.string().default('quarantine'),
  PUBLISHED_BUCKET: z.string().default('published'),
  SANDBOXES: z.coerce.number().int().min(1).default(2),
  LEASE_SECONDS: z.coerce.number().positive().default(120),
});
