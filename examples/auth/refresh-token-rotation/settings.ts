import { z } from 'zod';
import { readEnvironment } from '../../architecture/typed-configuration/environment.ts';
import { secret } from '../../architecture/typed-configuration/secret.ts';
import { signingKeysText } from '../jwt-access-tokens/signing-keys.ts';

const schema = z.object({
  REFRESH_SECRET: secret(),
  // The next one or the one before, while it is changed.
  REFRESH_SECRET_OTHER: secret().optional(),
  SIGNING_KEYS: signingKeysText.meta({ writeOnly: true }),
});

/** The secrets of the program; throws an EnvironmentError that says what to set. */
export function readSettings(environment = process.env) {
  const settings = readEnvironment(schema, environment);
  const { REFRESH_SECRET: first, REFRESH_SECRET_OTHER: other } =
    settings;
  const secrets = other ? [first, other] : [first];
  return {
    secrets: secrets.map((one) => one.reveal()),
    keys: settings.SIGNING_KEYS,
  };
}
