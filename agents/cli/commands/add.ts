import { applyPlan } from '../../project/apply-plan.ts';
import { type AddPlan, type FileState, planAdd } from '../../project/plan-add.ts';
import { type Command, readWord } from '../command.ts';
import { requireIds } from '../resolve-ids.ts';
import { isTerminal, paint } from '../style.ts';

export const add: Command = {
  usage: `touchstone add <id…> [--with-tests] [--dir <folder>] [--migrations <folder>]
               [--imports ts|js] [--dry-run] [--cwd <folder>] [--json]

Copies patterns, and those they build on, into a project: their files, their tables as a
migration, their packages into package.json in the versions proven. An edited file is left alone.
--with-tests brings the tests of the patterns that you name, not of those that come along.

  touchstone add background-jobs --dry-run
  touchstone add jobs/background-jobs --with-tests
  touchstone add auth/refresh-token-rotation --dir lib/patterns --migrations db/migrations`,
  options: {
    'with-tests': { type: 'boolean' },
    dir: { type: 'string' },
    migrations: { type: 'string' },
    imports: { type: 'string' },
    'dry-run': { type: 'boolean' },
  },
  run({ library, openProject, words, flags }) {
    const project = openProject();
    const plan = planAdd(library, project, requireIds(library, words, 'add'), {
      directory: readWord(flags, 'dir'),
      migrations: readWord(flags, 'migrations'),
      imports: readWord(flags, 'imports'),
      withTests: flags['with-tests'] === true,
    });
    const isDry = flags['dry-run'] === true;
    if (!isDry) applyPlan(library, project, plan);
    const { files, ...rest } = plan;
    const data = { ...rest, isDry, files: files.map(({ text, ...file }) => file) };
    const isBlocked = files.some(({ state }) => state === 'in the way');
    return { code: isBlocked ? 1 : 0, data, text: writePlan(plan, isDry) };
  },
};

const MARKS: Record<FileState, string> = {
  write: '+',
  same: '=',
  edited: '~',
  'in the way': '!',
};

const NOTES: Record<FileState, string> = {
  write: '',
  same: '  is there already',
  edited: '  was edited: left alone',
  'in the way': '  is there and not from here: nothing can be written',
};

function writePlan({ brought, files, packages, next }: AddPlan, isDry: boolean): string {
  const lines = files.map(({ state, path }) => {
    const line = `${MARKS[state]} ${path}${NOTES[state]}`;
    return state === 'write' ? paint('green', line) : paint('dim', line);
  });
  const added = Object.entries(packages).flatMap(([field, entries]) =>
    Object.entries(entries).map(([name, version]) => `+ ${field}: ${name} ${version}`),
  );
  const along = brought.map(
    ({ id, requiredBy }) => `${requiredBy.join(', ')} needs ${id}: it comes along`,
  );
  const head = isDry ? ['Nothing is written; this is what would be:', ''] : [];
  const steps = next.map((step, index) => `${index + 1}. ${step}`);
  const gap = isTerminal() ? [''] : [];
  return [
    ...head,
    ...along,
    ...lines,
    ...gap,
    ...added.map((line) => paint('green', line)),
    ...gap,
    ...steps,
  ].join('\n');
}
