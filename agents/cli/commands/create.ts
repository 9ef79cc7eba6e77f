import { relative, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { isTerminal, paint } from '../../../scripts/command-line/paint.ts';
import { readWord } from '../../../scripts/command-line/run-command.ts';
import { UsageError } from '../../../scripts/command-line/usage-error.ts';
import type { Library } from '../../library/open-library.ts';
import { INSTALL } from '../../library/package-name.ts';
import type { PatternEntry } from '../../library/types.ts';
import { type CreatedService, createService } from '../../project/create-service.ts';
import { listRequired } from '../../project/list-required.ts';
import { sayInstall } from '../../project/next-steps.ts';
import type { CliInput, CommandResult } from '../command.ts';
import { resolvePatternIds } from '../resolve-pattern-ids.ts';

const INSTALL_ALL = sayInstall('npm');

/** Writes a new service that runs, or lists what can be added to one. */
export async function create(input: CliInput): Promise<CommandResult> {
  const { library, values, words } = input;
  if (values.list === true) return listAddable(library);
  const [word, ...others] = words;
  if (word === undefined || others.length > 0)
    throw new UsageError('name one folder: touchstone create <folder>; --list shows what to add');
  const ids = resolvePatternIds(library, await chooseWith(input));
  const folder = resolve(readWord(values, 'cwd') ?? '.', word);
  const created = createService(library, folder, ids);
  const { name, files, base, added } = created;
  const patterns = [...base.patterns, ...(added?.patterns ?? [])];
  const next = listSteps(created);
  const data = { name, folder: created.folder, files, patterns: [...new Set(patterns)], next };
  return { code: 0, data, text: describe(created, next) };
}

function listAddable(library: Library): CommandResult {
  const patterns = findAddable(library);
  return { code: 0, data: patterns, text: writeList(patterns) };
}

/** Each pattern that a new service does not have. */
export function findAddable(library: Library): PatternEntry[] {
  const present = new Set<string>();
  const visit = (id: string): void => {
    if (present.has(id)) return;
    present.add(id);
    for (const required of listRequired(library, id, false)) visit(required);
  };
  for (const id of library.readService().patterns) visit(id);
  return library.patterns.filter(({ id }) => !present.has(id));
}

function writeList(patterns: PatternEntry[]): string {
  const width = Math.max(...patterns.map(({ id }) => id.length));
  const lines = patterns.map(({ id, title }) =>
    isTerminal() ? `${paint('cyan', id.padEnd(width))}  ${title}` : `${id}\t${title}`,
  );
  return lines.join('\n');
}

/** What `--with` says; without it, a terminal is asked. */
async function chooseWith({ values, library }: CliInput): Promise<string[]> {
  const named = readWord(values, 'with');
  if (named !== undefined) return split(named);
  if (values.json === true || !isTerminal() || !process.stdin.isTTY) return [];
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  const question = `${writeList(findAddable(library))}\nAdd which of these? Ids with commas between them, or Enter for none: `;
  try {
    return split(await lines.question(question).catch(stop));
  } finally {
    lines.close();
  }
}

/** Ctrl-C and Ctrl-D. */
function stop(): never {
  throw new UsageError('stopped, and nothing was written');
}

const split = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean);

function listSteps({ folder, added }: CreatedService): string[] {
  const place = relative(process.cwd(), folder);
  return [
    ...(place === '' ? [] : [`Go there: cd ${quote(place)}`]),
    `Install the packages, and this one with them: ${INSTALL}.`,
    // A migration that refers to tables which are not there would stop the start.
    ...(added?.next ?? []).filter((step) => step !== INSTALL_ALL),
    'Start it: npm start. It applies the migrations, and starts its own Postgres unless DATABASE_URL is set.',
    'Test it: npm test, and npm run test:patterns.',
  ];
}

const quote = (path: string): string => (/^[\w./-]+$/.test(path) ? path : JSON.stringify(path));

function describe({ name, files, base, added }: CreatedService, next: string[]): string {
  const all = [...base.files, ...(added?.files ?? [])].filter(({ state }) => state === 'write');
  const count = (role: string) => all.filter((file) => file.role === role).length;
  const ids = [...new Set([...base.patterns, ...(added?.patterns ?? [])])];
  return [
    ...files.map((path) => paint('green', `+ ${path}`)),
    paint('green', `+ src/migrations: ${count('migration')} more, of patterns`),
    paint('green', `+ src/patterns: ${count('pattern')} files of ${ids.length} patterns`),
    paint('green', `+ src/patterns/.tests: ${count('test')} files, which test them`),
    '',
    `${name} is written. Next:`,
    ...next.map((step, index) => `${index + 1}. ${step}`),
  ].join('\n');
}
