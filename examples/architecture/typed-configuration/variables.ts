import { z } from 'zod';

/** What a schema says about one environment variable. */
export type Variable = {
  name: string;
  description: string | undefined;
  required: boolean;
  /** The default, as it would be written in the environment. */
  fallback: string | undefined;
  secret: boolean;
};

/** The variables of a schema in its order; throws when a secret has a default. */
export function listVariables(schema: z.ZodObject): Variable[] {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
  });
  return Object.entries(schema.shape).map(([name, field]) => {
    const property = properties[name];
    const about = typeof property === 'object' ? property : {};
    const variable = {
      name,
      description: about.description,
      required: required.includes(name),
      fallback:
        about.default === undefined ? undefined : `${about.default}`,
      secret: about.writeOnly === true,
    };
    const unset = z.safeParse(field, undefined);
    if (unset.data !== undefined) checkDefault(variable);
    return variable;
  });
}

function checkDefault({ name, secret, fallback }: Variable): void {
  if (secret)
    throw new TypeError(`${name} is a secret and has a default`);
  // As text it is parsed like any other value, and can be documented.
  if (fallback === undefined)
    throw new TypeError(
      `${name} needs its default as text: .prefault('…')`,
    );
}

// #region describe-environment
/** The text of `.env.example`; throws when a variable has no description. */
export function describeEnvironment(schema: z.ZodObject): string {
  return listVariables(schema).map(describeVariable).join('\n');
}

function describeVariable(variable: Variable): string {
  const { name, description, required, fallback, secret } = variable;
  if (!description)
    throw new TypeError(`${name} needs a text: .describe('…')`);
  const notes = [
    description,
    required ? 'Required.' : 'Optional.',
    ...(secret ? [`Or ${name}_FILE: the path of a file.`] : []),
  ];
  const comment = notes.join(' ').replaceAll('\n', '\n# ');
  const line = `${name}=${quote(fallback ?? '')}`;
  return `# ${comment}\n${required ? line : `# ${line}`}\n`;
}
// #endregion describe-environment

/** `#` and spaces need quotes in the files of `node --env-file`. */
function quote(value: string): string {
  return /[^\w:/.]/.test(value) ? `'${value}'` : value;
}
