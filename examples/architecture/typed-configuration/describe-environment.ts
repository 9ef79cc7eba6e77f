import { parseEnv } from 'node:util';
import { z } from 'zod';
import { Secret } from './secret.ts';

// #region describe-environment
/** The text of `.env.example`; throws for a variable without a description, or with a default that cannot be set as it is. */
export function describeEnvironment(schema: z.ZodObject): string {
  const variables = Object.entries(schema.shape).map(([name, field]) =>
    describeVariable(name, field),
  );
  const note =
    '# NAME_FILE: the path of a file with the value of NAME.\n';
  return [note, ...variables].join('\n');
}

function describeVariable(name: string, field: z.core.$ZodType) {
  const about = z.toJSONSchema(field, {
    io: 'input',
    unrepresentable: 'any',
  });
  if (!about.description)
    throw new TypeError(`${name} needs a text: .describe('…')`);
  const { success, data } = z.safeParse(field, undefined);
  if (data instanceof Secret)
    throw new TypeError(`${name} is a secret and has a default`);
  const line = `${name}=${about.default ?? data ?? ''}`;
  const text = parseEnv(line)[name];
  const same = line === `${name}=${text}`;
  if (data !== undefined && !(same && z.safeParse(field, text).success))
    throw new TypeError(
      `${name} needs its default as it is set: .prefault('…')`,
    );
  const need = success ? 'Optional.' : 'Required.';
  const comment = `${about.description} ${need}`;
  return `# ${comment.replaceAll('\n', '\n# ')}\n${success ? '# ' : ''}${line}\n`;
}
// #endregion describe-environment
