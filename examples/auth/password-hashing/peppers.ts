import { z } from 'zod';
import { secret } from '../../architecture/typed-configuration/secret.ts';

// #region peppers
const pepperSchema = z.strictObject({
  // As `keyid` of a PHC string: 4 or 8 characters are valid base64.
  id: z.string().regex(/^([A-Za-z0-9]{4}){1,2}$/, {
    error: 'the id of a pepper must be 4 or 8 letters or digits',
  }),
  secret: secret(),
});

const peppersSchema = z
  .tuple([pepperSchema], pepperSchema)
  .refine(
    (peppers) =>
      new Set(peppers.map(({ id }) => id)).size === peppers.length,
    { error: 'two peppers have the same id' },
  );

/** `2027:secret,2026:secret`, as a setting has it: the first makes new hashes. */
export const peppersText = z
  .string({ error: 'is not set' })
  .transform((text) =>
    text.split(',').map((pair) => {
      const [id = '', ...rest] = pair.split(':');
      return { id, secret: rest.join(':') };
    }),
  )
  .pipe(peppersSchema);
// #endregion peppers

/** Secrets that are not in the database, each with the id that its hashes name. */
export type Peppers = z.infer<typeof peppersSchema>;

export type Pepper = Peppers[0];

/** Judges peppers that did not come from `peppersText`. */
export function requirePeppers(peppers: Peppers): void {
  const revealed = peppers.map(({ id, secret }) => {
    return { id, secret: secret.reveal() };
  });
  peppersSchema.parse(revealed);
}
