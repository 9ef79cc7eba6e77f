import { z } from 'zod';

/** Other names under which models send an argument, by the name it has. */
export type Aliases = Record<string, readonly string[]>;

/** What a model may call the id of a pattern. */
export const ID_ALIASES = ['pattern', 'name', 'patternId', 'pattern_id', 'slug', 'uri'] as const;

/** Arguments that are refused rather than passed over, and why. */
export type Refusal = { names: readonly string[]; reason: string };

type Input = Record<string, unknown>;

/** A schema that takes arguments by their other names too, and a list of one for one. */
export function acceptAliases<T extends z.ZodObject>(
  schema: T,
  aliases: Aliases,
  refusal?: Refusal,
) {
  return z.preprocess((input, context) => {
    if (!isObject(input)) return input;
    const refused = refusal?.names.find((name) => isGiven(input, name));
    if (refused !== undefined && refusal)
      context.addIssue({ code: 'custom', path: [refused], message: refusal.reason, input });
    return rename(schema, input, aliases);
  }, schema);
}

function rename(schema: z.ZodObject, input: Input, aliases: Aliases): Input {
  const named: Input = {};
  for (const name of Object.keys(schema.shape)) {
    const given = [name, ...(aliases[name] ?? [])].find((one) => isGiven(input, one));
    if (given !== undefined) named[name] = wrap(schema.shape[name], input[given]);
  }
  return named;
}

/** A model that leaves an argument out may say so with null. */
const isGiven = (input: Input, name: string): boolean =>
  Object.hasOwn(input, name) && input[name] !== undefined && input[name] !== null;

/** One where a list is wanted, and a list of one where one is. */
function wrap(schema: unknown, value: unknown): unknown {
  const inner = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
  if (inner instanceof z.ZodArray) return typeof value === 'string' ? [value] : value;
  return Array.isArray(value) && value.length === 1 ? value[0] : value;
}

const isObject = (value: unknown): value is Input =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
