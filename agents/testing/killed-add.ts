import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openLibrary } from '../library/open-library.ts';
import { applyPlan } from '../project/apply-plan.ts';
import { HOLD, holdProject } from '../project/hold-project.ts';
import { planAdd } from '../project/plan-add.ts';
import { openProject, type Project } from '../project/project.ts';

// Adds a pattern with its tests, and is killed before a write of the given number: a half-written
// draft is left. Without such a write it ends as any program.
const [library = '', folder = '', id = '', count = ''] = process.argv.slice(2);
let left = Number(count);

const project = openProject(folder);
const dying: Project = {
  ...project,
  write(path, text) {
    if (left-- === 0) {
      writeFileSync(join(folder, HOLD, '.half.tmp'), text.slice(0, 10));
      process.kill(process.pid, 'SIGKILL');
    }
    project.write(path, text);
  },
};

const opened = openLibrary(library);
holdProject(folder, () =>
  applyPlan(opened, dying, planAdd(opened, dying, [id], { withTests: true })),
);
