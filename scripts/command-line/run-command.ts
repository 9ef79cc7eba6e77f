import { basename } from 'node:path';
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { UsageError } from './usage-error.ts';

/** What a command gets to work with: its flags, and the words that are not flags. */
export type CommandInput = {
  values: Record<string, string | boolean | undefined>;
  words: string[];
};

type Command = {
  /** Printed for --help and after a mistake. */
  usage: string;
  options?: ParseArgsOptionsConfig;
  /** Returns the exit code: 0 all is well, 1 findings or failures. */
  main: (input: CommandInput) => Promise<number> | number;
};

/** Runs one npm script: flags parsed strictly, every failure of the tool itself ends in exit 2. */
export async function runCommand({ usage, options, main }: Command): Promise<void> {
  const name = basename(process.argv[1] ?? '', '.ts');
  process.exitCode = await endWithCode({ name }, () => {
    const { wantsHelp, ...input } = readInput(process.argv.slice(2), { usage, options });
    if (!wantsHelp) return main(input);
    console.log(usage);
    return 0;
  });
}

/** The flags and words of a command line; one that the command does not know throws, with the usage. */
export function readInput(
  args: string[],
  { usage, options = {} }: { usage: string; options?: ParseArgsOptionsConfig | undefined },
): CommandInput & { wantsHelp: boolean } {
  try {
    const { values, positionals } = parseArgs({
      args,
      options: { ...options, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    });
    const wantsHelp = values.help === true;
    return { values: values as CommandInput['values'], words: positionals, wantsHelp };
  } catch (error) {
    if (!isParseError(error)) throw error;
    throw new UsageError(`${error.message}\n\n${usage}`);
  }
}

/** The value of a flag that takes a word. */
export function readWord(values: CommandInput['values'], name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

type Tool = {
  name: string;
  /** Whether the caller asked for JSON, and gets it where they look for it: on standard output. */
  isJson?: boolean;
};

/** Does the work of a program and returns its exit code; what it throws is told, and gives 2. */
export async function endWithCode(
  tool: Tool,
  work: () => Promise<number> | number,
): Promise<number> {
  try {
    return await work();
  } catch (error) {
    tellFailure(tool, error);
    return 2;
  }
}

/** A fault of ours comes with its stack, whatever code it has. */
function tellFailure({ name, isJson = false }: Tool, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  if (isJson) console.log(JSON.stringify({ error: message }, null, 2));
  if (!(error instanceof UsageError)) console.error(`${name} failed:`, error);
  else if (!isJson) console.error(`${name}: ${message}`);
}

function isParseError(error: unknown): error is Error {
  return (
    error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
  );
}
