import { z } from 'zod';
import { readEnvironment } from '../../architecture/typed-configuration/environment.ts';
import {
  httpUrl,
  port,
} from '../../architecture/typed-configuration/fields.ts';
import { keysText } from './secret-box.ts';

const schema = z.object({
  TOTP_KEYS: keysText.meta({ writeOnly: true }),
  ORIGIN: httpUrl().default('http://localhost:3000'),
  DATABASE_URL: z.url().optional(),
  PORT: port().default(3000),
});

/** What the program needs to know; throws an EnvironmentError that says what to set. */
export function readSettings(environment = process.env) {
  const settings = readEnvironment(schema, environment);
  return {
    keys: settings.TOTP_KEYS,
    origin: settings.ORIGIN,
    databaseUrl: settings.DATABASE_URL,
    port: settings.PORT,
  };
}
