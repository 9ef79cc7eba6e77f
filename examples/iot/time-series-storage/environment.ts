import { z } from 'zod';

const port = z.coerce.number().int().min(0).max(65535);

/** There is no secret here but the password in DATABASE_URL. */
export const environmentSchema = z.object({
  DATABASE_URL: z.url().optional(),
  PORT: port.default(3000),
  ROLL_UP_SECONDS: z.coerce.number().positive().default(10),
});
