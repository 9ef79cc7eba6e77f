import { z } from 'zod';
import { readEnvironment } from '../../architecture/typed-configuration/environment.ts';
import {
  httpUrl,
  port,
} from '../../architecture/typed-configuration/fields.ts';
import { peppersText } from '../password-hashing/peppers.ts';

const schema = z.object({
  PASSWORD_PEPPERS: peppersText.meta({ writeOnly: true }),
  BREACH_LIST_URL: httpUrl().optional(),
  BREACH_FILTER: z.string().optional(),
  DATABASE_URL: z.url().optional(),
  PORT: port().default(3000),
});

/** What the program needs to know; throws an EnvironmentError that says what to set. */
export function readSettings(environment = process.env) {
  const settings = readEnvironment(schema, environment);
  return {
    peppers: settings.PASSWORD_PEPPERS,
    listUrl: settings.BREACH_LIST_URL,
    filterFile: settings.BREACH_FILTER,
    databaseUrl: settings.DATABASE_URL,
    port: settings.PORT,
  };
}
