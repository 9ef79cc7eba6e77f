import { z } from 'zod';
import { LOG_LEVELS } from '../../observability/structured-logging/create-log.ts';
import { readEnvironment } from '../typed-configuration/environment.ts';
import {
  duration,
  port,
  secretUrl,
} from '../typed-configuration/fields.ts';

// #region settings
/** Every variable of the service; each default is safe in production. */
const schema = z
  .object({
    DATABASE_URL: secretUrl('postgres', 'postgresql').describe(
      'The database, directly and not through PgBouncer.',
    ),
    HOST: z
      .string()
      .prefault('127.0.0.1')
      .describe('The address to listen on: 0.0.0.0 in a container.'),
    PORT: port().prefault('3000').describe('The port to listen on.'),
    LOG_LEVEL: z
      .enum(LOG_LEVELS)
      .prefault('info')
      .describe('The least that is logged.'),
    NOTICE: duration(60_000)
      .prefault('5s')
      .describe(
        'How long the load balancer takes to notice that an instance leaves.',
      ),
    SHUTDOWN: duration(600_000)
      .prefault('25s')
      .describe(
        'The most that a shutdown takes, NOTICE included; the orchestrator must wait longer.',
      ),
  })
  .refine(({ NOTICE, SHUTDOWN }) => NOTICE < SHUTDOWN, {
    path: ['SHUTDOWN'],
    error: 'must be longer than NOTICE',
  });

/** Reads the settings once, at the start; throws EnvironmentError. */
export const readSettings = () => readEnvironment(schema);
// #endregion settings
