import { readFileSync, statSync } from 'node:fs';
import type { z } from 'zod';
import { nearestName } from './nearest-name.ts';
import { listVariables, type Variable } from './variables.ts';

type Environment = Record<string, string | undefined>;

type Options = {
  /** How the names of this app begin: another name that begins so is a typo. */
  prefix?: string;
};

/** All that is wrong with the environment: a name and a sentence each, and no value. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
  readonly code = 'invalid_environment';
  readonly faults: ReadonlyMap<string, string>;

  constructor(faults: ReadonlyMap<string, string>) {
    super([...faults].map((fault) => fault.join(': ')).join('\n'));
    this.faults = faults;
  }
}

// #region read-environment
/** Frozen settings, or one error; takes secrets from `environment`. */
export function readEnvironment<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  environment: Environment = process.env,
  { prefix }: Options = {},
): Readonly<z.output<z.ZodObject<Shape>>> {
  const variables = listVariables(schema);
  const { values, faults } = readValues(variables, environment);
  const typos = prefix
    ? findTypos(variables, environment, prefix)
    : new Map<string, string>();
  const { data, error } = schema.safeParse(values);
  for (const issue of error?.issues ?? []) {
    const name = String(issue.path[0] ?? 'environment');
    if (!faults.has(name)) faults.set(name, describe(issue, values));
  }
  if (!data || faults.size + typos.size > 0)
    throw new EnvironmentError(new Map([...faults, ...typos]));
  // #region forget-secrets
  // Child processes and reports get what process.env holds.
  for (const { name, secret } of variables)
    if (secret) delete environment[name];
  // #endregion forget-secrets
  return freeze(data);
}
// #endregion read-environment

function readValues(variables: Variable[], environment: Environment) {
  const values: Environment = {};
  const faults = new Map<string, string>();
  for (const variable of variables) {
    const found = readValue(variable, environment);
    if ('fault' in found) faults.set(variable.name, found.fault);
    else values[variable.name] = found.value;
  }
  return { values, faults };
}

type Found = { value: string | undefined } | { fault: string };

function readValue(
  { name, secret }: Variable,
  environment: Environment,
): Found {
  const { [name]: value, [`${name}_FILE`]: path } = environment;
  if (secret && path !== undefined) {
    if (value !== undefined)
      return { fault: `is set, and so is ${name}_FILE; remove one` };
    return readSecretFile(path);
  }
  if (value?.trim() === '')
    return { fault: 'is empty; set it, or remove it' };
  return { value };
}

// #region read-secret-file
const LARGEST_FILE = 64 * 1024;

/** The text of a file without its last line break; the path is not told, as it may be the secret itself. */
function readSecretFile(path: string): Found {
  const found = statSync(path, { throwIfNoEntry: false });
  // A pipe or a device would hold up the start without an end.
  if (!found?.isFile() || found.size > LARGEST_FILE)
    return { fault: 'its _FILE is not a file of at most 64 KiB' };
  try {
    const value = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
    return value ? { value } : { fault: 'its _FILE is empty' };
  } catch {
    return { fault: 'its _FILE cannot be read' };
  }
}
// #endregion read-secret-file

// #region find-typos
function findTypos(
  variables: Variable[],
  environment: Environment,
  prefix: string,
): Map<string, string> {
  const known = new Set(
    variables.flatMap(({ name, secret }) =>
      secret ? [name, `${name}_FILE`] : [name],
    ),
  );
  const unknown = Object.keys(environment)
    .filter((name) =>
      name.toUpperCase().startsWith(prefix.toUpperCase()),
    )
    .filter((name) => !known.has(name));
  return new Map(
    unknown.map((name) => {
      const near = nearestName(name.toUpperCase(), known);
      const mend = near ? `did you mean ${near}?` : 'remove it';
      return [name, `is not known; ${mend}`];
    }),
  );
}
// #endregion find-typos

type Issue = z.core.$ZodIssue;

function describe(
  { path, message }: Issue,
  values: Environment,
): string {
  const [name, ...inside] = path.map(String);
  // A rule of your own may quote what it refuses.
  const used = name ? [values[name]] : Object.values(values);
  const quotes = (value?: string) =>
    value && value.length > 7 && message.includes(value);
  const safe = used.some(quotes) ? 'is not valid' : message;
  if (name && values[name] === undefined) return `is not set; ${safe}`;
  return inside.length > 0 ? `at ${inside.join('.')}: ${safe}` : safe;
}

/** Freezes a value and all that it holds. */
function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (ArrayBuffer.isView(value)) return value; // cannot be frozen
  Object.values(value).forEach(freeze);
  return Object.freeze(value);
}
