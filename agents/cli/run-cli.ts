import { parseArgs } from 'node:util';
import { UsageError } from '../../scripts/command-line/usage-error.ts';
import { findNearest } from '../../scripts/text/find-nearest.ts';
import { openLibrary } from '../library/open-library.ts';
import { openProject } from '../project/project.ts';
import { type Command, type CommandInput, readWord } from './command.ts';
import { COMMAND_NAMES, type CommandName } from './command-names.ts';
import { writeHelp } from './help.ts';

/** Each is loaded when it is asked for: the start of one does not pay for the others. */
const COMMANDS: Record<CommandName, () => Promise<Command>> = {
  init: async () => (await import('./commands/init.ts')).init,
  list: async () => (await import('./commands/list.ts')).list,
  search: async () => (await import('./commands/search.ts')).search,
  show: async () => (await import('./commands/show.ts')).show,
  add: async () => (await import('./commands/add.ts')).add,
  diff: async () => (await import('./commands/diff.ts')).diff,
  update: async () => (await import('./commands/update.ts')).update,
  remove: async () => (await import('./commands/remove.ts')).remove,
  verify: async () => (await import('./commands/verify.ts')).verify,
  mcp: async () => (await import('./commands/mcp.ts')).mcp,
  completion: async () => (await import('./commands/completion.ts')).completion,
};

/** What a caller made wrong: told in one sentence, without a stack. */
const TOLD = new Set(['UsageError', 'ProjectError', 'UnsafePathError']);

/** Runs one command line and returns its exit code: 0, 1 for findings, 2 for a failure. */
export async function runCli(words: string[], libraryFolder: string): Promise<number> {
  const isJson = words.includes('--json');
  try {
    const [name = '--help', ...rest] = words;
    if (name === '--version' || name === '-v') return say(openLibrary(libraryFolder).version);
    if (name === '--help' || name === '-h' || name === 'help') return say(writeHelp());
    return await runCommand(findName(name), rest, libraryFolder);
  } catch (error) {
    tell(error, isJson);
    return 2;
  }
}

function findName(word: string): CommandName {
  const name = COMMAND_NAMES.find((one) => one === word);
  if (name) return name;
  const [near] = findNearest(word, COMMAND_NAMES);
  const hint = near ? `did you mean ${near}?` : 'touchstone --help lists them';
  throw new UsageError(`there is no command ${JSON.stringify(word)}: ${hint}`);
}

async function runCommand(name: CommandName, words: string[], folder: string): Promise<number> {
  const command = await COMMANDS[name]();
  const { values, positionals } = parse(command, words);
  if (values.help) return say(command.usage);
  const flags = values as CommandInput['flags'];
  const result = await command.run({
    library: openLibrary(folder),
    openProject: () => openProject(readWord(flags, 'cwd') ?? process.cwd()),
    words: positionals,
    flags,
  });
  if (result === undefined) return 0;
  say(flags.json === true ? JSON.stringify(result.data, null, 2) : result.text);
  return result.code;
}

function parse({ options = {} }: Command, words: string[]) {
  return parseArgs({
    args: words,
    options: {
      ...options,
      cwd: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
    allowPositionals: true,
  });
}

function say(text: string): 0 {
  if (text !== '') process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  return 0;
}

/** Whoever asked for JSON gets JSON, in the place where they look for it. */
function tell(error: unknown, isJson: boolean): void {
  const isTold = error instanceof Error && (TOLD.has(error.name) || isSystemError(error));
  const message = error instanceof Error ? error.message : String(error);
  if (isJson) process.stdout.write(`${JSON.stringify({ error: message }, null, 2)}\n`);
  else if (isTold) process.stderr.write(`touchstone: ${message}\n`);
  else console.error('touchstone failed:', error);
}

/** A folder that is not there, a file that may not be written, a flag that is not known. */
const isSystemError = (error: Error): boolean => 'code' in error && typeof error.code === 'string';
