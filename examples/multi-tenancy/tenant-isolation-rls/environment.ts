import { z } from 'zod';

/** Without a database of yours, the example starts its own. */
export const environmentSchema = z.object({
  DATABASE_URL: z.url().optional(),
  PORT: z.coerce.number().int().min(0).max(65535).default(3000),
});
