import { z } from 'zod';
import { readEnvironment } from '../../architecture/typed-configuration/environment.ts';
import { peppersText } from './peppers.ts';

const schema = z.object({
  PASSWORD_PEPPERS: peppersText.meta({ writeOnly: true }),
});

/** The secrets of the program; throws an EnvironmentError that says what to set. */
export function readSettings(environment = process.env) {
  const { PASSWORD_PEPPERS: peppers } = readEnvironment(
    schema,
    environment,
  );
  return { peppers };
}
