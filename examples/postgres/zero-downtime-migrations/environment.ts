import { z } from 'zod';

const whole = z.coerce.number().int();

/** There is no secret here but the password in DATABASE_URL. */
export const environmentSchema = z.object({
  DATABASE_URL: z.url().optional(),
  PORT: whole.min(0).max(65535).default(3000),
  /** How many rows the table has that is migrated. */
  USERS: whole.min(1).max(50_000_000).default(200_000),
});
