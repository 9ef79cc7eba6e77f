import { basename } from 'node:path';
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { UsageError } from './usage-error.ts';

/** What a command gets to work with: its flags, and the words that are not flags. */
type CommandInput = {
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
export async function runCommand({ usage, options = {}, main }: Command): Promise<void> {
  try {
    const { values, positionals } = parseArgs({
      args: process.argv.slice(2),
      options: { ...options, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    });
    if (values.help) {
      console.log(usage);
      return;
    }
    process.exitCode = await main({ values: values as CommandInput['values'], words: positionals });
  } catch (error) {
    process.exitCode = 2;
    reportToolFailure(error, usage);
  }
}

function reportToolFailure(error: unknown, usage: string): void {
  const name = basename(process.argv[1] ?? '', '.ts');
  if (error instanceof UsageError) console.error(`${name}: ${error.message}`);
  else if (isParseError(error)) console.error(`${name}: ${error.message}\n\n${usage}`);
  else console.error(`${name} failed:`, error);
}

function isParseError(error: unknown): error is Error {
  return (
    error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
  );
}
