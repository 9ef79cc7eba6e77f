import { readFileSync, statSync } from 'node:fs';
import { z } from 'zod';
import { Secret } from './secret.ts';

type Environment = Record<string, string | undefined>;

/** All that is wrong with the environment, a sentence for each variable. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
  readonly code = 'invalid_environment';
}

// #region read-environment
/** Frozen settings, or one error; takes secrets from `environment`. */
export function readEnvironment<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  environment: Environment = process.env,
  prefix?: string,
): Readonly<z.output<z.ZodObject<Shape>>> {
  const texts: Environment = {};
  const faults: string[] = [];
  for (const [name, field] of Object.entries(schema.shape)) {
    const found = readVariable(name, field, environment);
    if ('fault' in found) faults.push(`${name}: ${found.fault}`);
    else texts[name] = found.text;
  }
  // A misspelt name would select the default of the right one.
  if (prefix !== undefined)
    for (const name of findUnknown(schema, environment, prefix))
      faults.push(`${name}: is not known; correct it, or remove it`);
  if (faults.length > 0) throw new EnvironmentError(faults.join('\n'));
  const { data, issues } = parse(schema, texts);
  if (!data) throw new EnvironmentError(issues.map(tell).join('\n'));
  // #region forget-secrets
  // Child processes and reports get what process.env holds.
  for (const [name, value] of Object.entries(data))
    if (holdsSecret(value)) delete environment[name];
  // #endregion forget-secrets
  return Object.freeze(data);
}
// #endregion read-environment

type Found = { text: string | undefined } | { fault: string };

function readVariable(
  name: string,
  field: z.core.$ZodType,
  environment: Environment,
): Found {
  const found = readText(name, environment);
  if ('fault' in found) return found;
  if (found.text?.trim() === '')
    return { fault: 'is empty; set it, or remove it' };
  const { data, issues } = parse(field, found.text);
  const missing = found.text === undefined;
  if (missing && holdsSecret(data))
    return { fault: 'is not set; a secret takes no default' };
  const [issue] = issues;
  if (!issue) return found;
  return {
    fault: missing ? `is not set; ${issue.message}` : tell(issue),
  };
}

/** Throws nothing: an error of a transform, such as `Invalid URL`, has the value in it. */
function parse<T>(schema: z.core.$ZodType<T>, value: unknown) {
  try {
    const { data, error } = z.safeParse(schema, value);
    return { data, issues: error?.issues ?? [] };
  } catch (error) {
    const kind = error instanceof Error ? error.name : typeof error;
    const message = `is not valid: the schema throws a ${kind}`;
    return { issues: [{ path: [], message }] };
  }
}

function tell({
  path,
  message,
}: Pick<z.core.$ZodIssue, 'path' | 'message'>) {
  return path.length > 0 ? `${path.join('.')}: ${message}` : message;
}

/** Looks into lists and records, but no deeper. */
function holdsSecret(value: unknown): boolean {
  if (value instanceof Secret) return true;
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some((part) => part instanceof Secret);
}

// #region read-secret-file
const LARGEST_FILE = 64 * 1024;

/** The variable, or the file that `<name>_FILE` names; the path is not told, as it may be the secret itself. */
function readText(name: string, environment: Environment): Found {
  const { [name]: text, [`${name}_FILE`]: path } = environment;
  if (path === undefined) return { text };
  if (text !== undefined)
    return { fault: `is set, and so is ${name}_FILE; remove one` };
  try {
    const file = statSync(path);
    // A pipe or a device would hold up the start without an end.
    if (!file.isFile() || file.size > LARGEST_FILE)
      return { fault: 'its _FILE is not a file of at most 64 KiB' };
    return { text: readFileSync(path, 'utf8').replace(/\r?\n$/, '') };
  } catch {
    return { fault: 'its _FILE cannot be read' };
  }
}
// #endregion read-secret-file

// #region find-typos
function findUnknown(
  { shape }: z.ZodObject,
  environment: Environment,
  prefix: string,
): string[] {
  const known = Object.keys(shape).flatMap((name) => [
    name,
    `${name}_FILE`,
  ]);
  const start = prefix.toUpperCase();
  return Object.keys(environment).filter(
    (name) =>
      name.toUpperCase().startsWith(start) && !known.includes(name),
  );
}
// #endregion find-typos
