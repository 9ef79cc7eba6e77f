import { isTerminal, paint } from '../../../scripts/command-line/paint.ts';
import { readWord } from '../../../scripts/command-line/run-command.ts';
import { applyPlan } from '../../project/apply-plan.ts';
import { type AddPlan, type FileState, planAdd } from '../../project/plan-add.ts';
import type { CliInput, CommandResult } from '../command.ts';
import { headDryRun } from '../head-dry-run.ts';
import { requireIds } from '../resolve-pattern-ids.ts';

/** Plans what adding the patterns changes, and does it unless it is a dry run. */
export function add({ library, changeProject, words, values }: CliInput): CommandResult {
  const ids = requireIds(library, words, 'add');
  const isDry = values['dry-run'] === true;
  const plan = changeProject((project) => {
    const planned = planAdd(library, project, ids, {
      directory: readWord(values, 'dir'),
      migrations: readWord(values, 'migrations'),
      imports: readWord(values, 'imports'),
      withTests: values['with-tests'] === true,
    });
    if (!isDry) applyPlan(library, project, planned);
    return planned;
  });
  const { files, ...rest } = plan;
  const data = { ...rest, isDry, files: files.map(({ text, ...file }) => file) };
  const isBlocked = plan.unmet.length > 0 || files.some(({ state }) => state === 'in the way');
  return { code: isBlocked ? 1 : 0, data, text: writePlan(plan, isDry) };
}

const MARKS: Record<FileState, string> = {
  write: '+',
  same: '=',
  edited: '~',
  'in the way': '!',
};

const NOTES: Record<FileState, string> = {
  write: '',
  same: '  exists already',
  edited: '  you edited it: not changed',
  'in the way': '  another file is in its place: nothing is written',
};

function writePlan({ brought, files, packages, unmet, next }: AddPlan, isDry: boolean): string {
  const lines = files.map(({ state, path }) => {
    const line = `${MARKS[state]} ${path}${NOTES[state]}`;
    return state === 'write' ? paint('green', line) : paint('dim', line);
  });
  const added = Object.entries(packages).flatMap(([field, entries]) =>
    Object.entries(entries).map(([name, version]) => `+ ${field}: ${name} ${version}`),
  );
  const along = brought.map(({ id, requiredBy }) => {
    const build = requiredBy.length === 1 ? 'builds' : 'build';
    return `${requiredBy.join(', ')} ${build} on ${id}, which is added too`;
  });
  const first = unmet.map((fault) => paint('red', `First: ${fault}`));
  const steps = next.map((step, index) => `${index + 1}. ${step}`);
  const gap = isTerminal() ? [''] : [];
  return [
    ...headDryRun(isDry),
    ...first,
    ...along,
    ...lines,
    ...gap,
    ...added.map((line) => paint('green', line)),
    ...gap,
    ...steps,
  ].join('\n');
}
