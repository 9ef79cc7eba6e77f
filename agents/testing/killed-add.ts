import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

// Adds a pattern with its tests, and is killed where it renames a file for the time of the given
// number: the draft is written, and not yet in its place. Without such a time it ends as any program.
const [library = '', folder = '', id = '', count = ''] = process.argv.slice(2);
let left = Number(count);

const { renameSync } = fs;
fs.renameSync = (from, to) => {
  if (left-- === 0) process.kill(process.pid, 'SIGKILL');
  renameSync(from, to);
};
syncBuiltinESMExports();

const { openLibrary } = await import('../library/open-library.ts');
const { applyPlan } = await import('../project/apply-plan.ts');
const { holdProject } = await import('../project/hold-project.ts');
const { planAdd } = await import('../project/plan-add.ts');
const { openProject } = await import('../project/project.ts');

const [opened, project] = [openLibrary(library), openProject(folder)];
holdProject(folder, () =>
  applyPlan(opened, project, planAdd(opened, project, [id], { withTests: true })),
);
