import { secret } from '../../architecture/typed-configuration/secret.ts';
import { settingsSchema } from '../model-serving/environment.ts';

/** The settings of model-serving, and the secret of the ids. */
export const environmentSchema = settingsSchema.extend({
  PREDICTION_SECRET: secret(),
});
