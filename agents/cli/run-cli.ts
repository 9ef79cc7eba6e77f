import { endWithCode, readInput, readWord } from '../../scripts/command-line/run-command.ts';
import { UsageError } from '../../scripts/command-line/usage-error.ts';
import { findNearest } from '../../scripts/text/find-nearest.ts';
import { openLibrary } from '../library/open-library.ts';
import { holdProject } from '../project/hold-project.ts';
import { openProject } from '../project/project.ts';
import type { CliCommand } from './command.ts';
import { listCommands } from './command-list.ts';
import { writeHelp, writeUsage } from './write-help.ts';

/** Every command has them. */
const OPTIONS = { cwd: { type: 'string' }, json: { type: 'boolean' } } as const;

/** Runs one command line and returns its exit code: 0, 1 for findings, 2 for a failure. */
export function runCli(args: string[], libraryFolder: string): Promise<number> {
  const tool = { name: 'touchstone', isJson: args.includes('--json') };
  return endWithCode(tool, async () => {
    const [name = '--help', ...rest] = args;
    if (name === '--version' || name === '-v') return say(openLibrary(libraryFolder).version);
    if (name === 'help' && rest[0]) return await runNamed(rest[0], ['--help'], libraryFolder);
    if (name === '--help' || name === '-h' || name === 'help') return say(writeHelp());
    return await runNamed(name, rest, libraryFolder).catch(explain);
  });
}

async function runNamed(name: string, args: string[], libraryFolder: string): Promise<number> {
  const command = findCommand(name);
  const input = readInput(args, {
    usage: `touchstone ${name} --help shows its options`,
    options: { ...command.options, ...OPTIONS },
  });
  if (input.wantsHelp) return say(writeUsage(name, command));
  const run = await command.load();
  const open = () => openProject(readWord(input.values, 'cwd') ?? process.cwd());
  const isDry = input.values['dry-run'] === true;
  const result = await run({
    ...input,
    library: openLibrary(libraryFolder),
    openProject: open,
    changeProject: (work) => {
      const project = open();
      return isDry ? work(project) : holdProject(project.root, () => work(project));
    },
  });
  if (result === undefined) return 0;
  say(input.values.json === true ? JSON.stringify(result.data, null, 2) : result.text);
  return result.code;
}

function findCommand(word: string): CliCommand {
  const commands = new Map(listCommands());
  const command = commands.get(word);
  if (command) return command;
  const [near] = findNearest(word, commands.keys());
  const hint = near ? `did you mean ${near}?` : 'touchstone --help lists them';
  throw new UsageError(`there is no command ${JSON.stringify(word)}: ${hint}`);
}

function say(text: string): 0 {
  if (text !== '') process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  return 0;
}

/** What the system says of a folder that is missing, a file that may not be written, a port in use. */
const SYSTEM_CODES = new Set(
  'EACCES EADDRINUSE EADDRNOTAVAIL EEXIST EISDIR ELOOP ENAMETOOLONG ENOENT ENOSPC ENOTDIR EPERM EROFS'.split(
    ' ',
  ),
);

/** What the system refuses is for the caller to fix, and its message says what it was. */
function explain(error: unknown): never {
  const isRefusal =
    error instanceof Error && 'code' in error && SYSTEM_CODES.has(String(error.code));
  throw isRefusal ? new UsageError(error.message, { cause: error }) : error;
}
