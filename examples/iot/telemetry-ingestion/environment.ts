import { secret } from '@touchstone/kit/app/environment';
import { z } from 'zod';

const port = z.coerce.number().int().min(0).max(65535);

/** No defaults for secrets: without them the program does not start. */
export const environmentSchema = z.object({
  OPERATOR_TOKEN: secret('Make one with: npx tsx secrets.ts'),
  DATABASE_URL: z.url().optional(),
  PORT: port.default(3000),
  MQTT_PORT: port.default(1883),
});
