import { createHmac } from 'node:crypto';
import { z } from 'zod';
import { secret } from '../../architecture/typed-configuration/secret.ts';

const pepperSchema = secret().transform((secret) => {
  // Of the secret: a wrong one has another id, and is missed by name.
  const hmac = createHmac('sha256', secret.reveal());
  const id = hmac.update('keyid').digest('base64').slice(0, 8);
  return { id, secret };
});

const peppersSchema = z.tuple([pepperSchema], pepperSchema);

/** `new,old`, as a setting has it: the first makes new hashes. */
export const peppersText = z
  .string({ error: 'is not set' })
  .transform((text) => text.split(','))
  .pipe(peppersSchema);

/** Secrets that are not in the database, each with the id that its hashes name. */
export type Peppers = z.infer<typeof peppersSchema>;

export type Pepper = Peppers[0];

/** Judges peppers that did not come from `peppersText`, and names them. */
export function requirePeppers(peppers: Peppers): Peppers {
  return peppersSchema.parse(
    peppers.map(({ secret }) => secret.reveal()),
  );
}
