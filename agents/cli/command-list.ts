import { NPX } from '../library/package-name.ts';
import { DEFAULT_PORT } from '../mcp/default-port.ts';
import type { CliCommand } from './command.ts';

/** The commands, in the order in which the help lists them. */
export const COMMANDS = {
  init: {
    synopsis: '[--mcp claude,cursor,vscode] [--skills] [--remove] [--cwd <folder>] [--json]',
    summary: 'Tells the AI tools of a project about the patterns, in AGENTS.md and CLAUDE.md',
    about: `Writes a block between markers into AGENTS.md, and a CLAUDE.md that points to it. Run it again to
update the block. --mcp writes the MCP server into .mcp.json, .cursor/mcp.json or .vscode/mcp.json,
--skills the Agent Skills into .claude/skills. In a terminal, it asks about both, and shows each file
before it writes it. --remove deletes all of it.`,
    examples: [
      'touchstone init',
      'touchstone init --mcp claude,cursor',
      'touchstone init --remove',
    ],
    options: {
      mcp: { type: 'string' },
      skills: { type: 'boolean' },
      remove: { type: 'boolean' },
    },
    load: async () => (await import('./commands/init.ts')).init,
  },
  list: {
    synopsis: '[--area <area>] [--json]',
    summary: 'Lists the patterns: id and title',
    about: 'In a pipe, it prints one pattern per line, with a tab between id and title.',
    examples: [
      'touchstone list',
      'touchstone list --area jobs',
      "touchstone list --json | jq '.[].id'",
    ],
    options: { area: { type: 'string' } },
    load: async () => (await import('./commands/list.ts')).list,
  },
  search: {
    synopsis: '<words…> [--area <area>] [--limit 5] [--json]',
    summary: 'Finds the pattern for a problem or an error message',
    about:
      'Takes keywords, a sentence or a pasted error message. In a pipe, it prints one hit per line: id, summary, and the symptom with what to do, with tabs between. Exit 1 when no pattern fits.',
    examples: [
      'touchstone search webhook signature idempotency',
      'touchstone search "customers get the same e-mail twice"',
      'touchstone search "canceling statement due to lock timeout"',
    ],
    options: { area: { type: 'string' }, limit: { type: 'string' } },
    load: async () => (await import('./commands/search.ts')).search,
  },
  show: {
    synopsis: '<id> [--detail brief|standard|full] [--files] [--file <path>] [--json]',
    summary: 'Shows a pattern as Markdown, or one of its files',
    about: '--files lists its files, --file shows one of them.',
    examples: [
      'touchstone show background-jobs',
      'touchstone show jobs/background-jobs --detail full',
      'touchstone show jobs/background-jobs --files',
      'touchstone show jobs/background-jobs --file job-queue.ts',
    ],
    options: { detail: { type: 'string' }, files: { type: 'boolean' }, file: { type: 'string' } },
    load: async () => (await import('./commands/show.ts')).show,
  },
  create: {
    synopsis: '<folder> [--with <id,id…>] [--list] [--cwd <folder>] [--json]',
    summary: 'Writes a new service that runs, with tests, from the patterns',
    about: `The service has Express 5, configuration, logs, errors, health, migrations and a worker. The folder
must be empty or new. --with adds more patterns, with their tests; --list shows which. In a terminal,
it asks for them when --with is missing.`,
    examples: [
      'touchstone create shop',
      'touchstone create shop --with integrations/webhook-receiving,auth/refresh-token-rotation',
      'touchstone create --list',
    ],
    options: { with: { type: 'string' }, list: { type: 'boolean' } },
    load: async () => (await import('./commands/create.ts')).create,
  },
  add: {
    synopsis: `<id…> [--with-tests] [--dir <folder>] [--migrations <folder>]
               [--imports ts|js] [--dry-run] [--cwd <folder>] [--json]`,
    summary: 'Copies patterns into a project, with their tables as a migration',
    about: `Copies the patterns and those that they build on. Adds packages to package.json in the tested
versions. Does not change a file that you edited. --with-tests copies the tests of the patterns that
you name, not of those that they build on.`,
    examples: [
      'touchstone add background-jobs --dry-run',
      'touchstone add jobs/background-jobs --with-tests',
      'touchstone add auth/refresh-token-rotation --dir lib/patterns --migrations db/migrations',
    ],
    options: {
      'with-tests': { type: 'boolean' },
      dir: { type: 'string' },
      migrations: { type: 'string' },
      imports: { type: 'string' },
      'dry-run': { type: 'boolean' },
    },
    load: async () => (await import('./commands/add.ts')).add,
  },
  diff: {
    synopsis: '[<id…>] [--new] [--cwd <folder>] [--json]',
    summary: 'Shows what you changed in the copied files, or what is new in the library',
    about: 'Exit 1 when there is a difference.',
    examples: ['touchstone diff', 'touchstone diff background-jobs --new'],
    options: { new: { type: 'boolean' } },
    load: async () => (await import('./commands/diff.ts')).diff,
  },
  update: {
    synopsis: '[<id…>] [--dry-run] [--applied] [--cwd <folder>] [--json]',
    summary: 'Updates the copied files, and merges your edits with what is new',
    about: `Where you and the library changed the same lines, conflict markers show both. Exit 1 on a conflict.
Patterns that build on each other are updated together. A newly required pattern is added. A changed
migration is only reported: write one of your own, then run update --applied.`,
    examples: [`${NPX}@latest update --dry-run`, `${NPX}@latest update background-jobs`],
    options: { 'dry-run': { type: 'boolean' }, applied: { type: 'boolean' } },
    load: async () => (await import('./commands/update.ts')).update,
  },
  remove: {
    synopsis: '<id…> [--dry-run] [--cwd <folder>] [--json]',
    summary: 'Removes the copied files that you did not edit',
    about: `Also removes the patterns that were added only because these build on them, unless another pattern
needs them. Edited files, migrations and packages stay; it prints the command that removes the packages
that were added for these alone.`,
    examples: ['touchstone remove background-jobs --dry-run'],
    options: { 'dry-run': { type: 'boolean' } },
    load: async () => (await import('./commands/remove.ts')).remove,
  },
  verify: {
    synopsis: '[<id…>] [--cwd <folder>] [--json]',
    summary: 'Checks that the copied files are intact; runs nothing',
    about: `Checks files, packages, required patterns and conflict markers. Exit 1 when something is wrong.`,
    examples: ['touchstone verify', 'touchstone verify background-jobs --json'],
    load: async () => (await import('./commands/verify.ts')).verify,
  },
  mcp: {
    synopsis: `[--http] [--port ${DEFAULT_PORT}] [--public] [--host <address>] [--name <host name>]`,
    summary: 'Serves the patterns to an AI tool over MCP: stdio, or --http',
    about: `Over HTTP it serves only this machine, unless --public is set. It writes no files. Over HTTP it also
reads no project.`,
    examples: [
      'touchstone mcp',
      'touchstone mcp --http --port 0',
      'touchstone mcp --http --public --name patterns.example.com',
    ],
    options: {
      http: { type: 'boolean' },
      port: { type: 'string' },
      public: { type: 'boolean' },
      host: { type: 'string' },
      name: { type: 'string', multiple: true },
    },
    load: async () => (await import('./commands/mcp.ts')).mcp,
  },
} satisfies Record<string, CliCommand>;

/** The name of a command. */
export type CommandName = keyof typeof COMMANDS;

/** The commands with their names. */
export const listCommands = (): [name: string, command: CliCommand][] => Object.entries(COMMANDS);

/** How a command is called, as a line to type; the name is one that exists. */
export const writeCall = (name: CommandName, rest = ''): string =>
  `${NPX} ${name} ${rest}`.trimEnd();
