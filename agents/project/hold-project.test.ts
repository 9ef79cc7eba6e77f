import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { ROOT } from '../../scripts/files/root.ts';
import { buildComposedLibrary, QUEUE } from '../testing/composed-repository.ts';
import { makeFolder, makeProject } from '../testing/test-library.ts';
import { applyPlan } from './apply-plan.ts';
import { HOLD, holdProject } from './hold-project.ts';
import { planAdd } from './plan-add.ts';
import type { Project } from './project.ts';

const composed = buildComposedLibrary();
const library = join(composed.folder, 'library');

afterAll(() => composed[Symbol.dispose]());

const program = (name: string, ...words: string[]): [string, string[]] => [
  process.execPath,
  [join(ROOT, 'agents/testing', name), ...words],
];

const add = (folder: string, count: number) =>
  spawnSync(...program('killed-add.ts', library, folder, QUEUE, `${count}`));

/** Every text of a project, by its path. */
function readAll(project: Project, folder = '.'): Record<string, string> {
  const texts = project.list(folder).map((name) => {
    const path = folder === '.' ? name : `${folder}/${name}`;
    const text = orUndefined(() => project.read(path));
    return text === undefined ? readAll(project, path) : { [path]: text };
  });
  return Object.assign({}, ...texts);
}

function orUndefined<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

describe('a change of a project', () => {
  it('loses nothing beside others', async () => {
    using place = makeFolder();
    writeFileSync(join(place.folder, 'count'), '0');
    const run = promisify(execFile);
    await Promise.all(
      Array.from({ length: 4 }, () => run(...program('count-up.ts', place.folder, '25'))),
    );
    expect(readFileSync(join(place.folder, 'count'), 'utf8')).toBe('100');
    expect(existsSync(join(place.folder, HOLD))).toBe(false);
  });

  it('waits for one that lives, and then says who it is', () => {
    using place = makeFolder();
    mkdirSync(join(place.folder, HOLD));
    writeFileSync(join(place.folder, HOLD, `${process.ppid}`), '');
    expect(() => holdProject(place.folder, () => 1, 100)).toThrow(`process ${process.ppid}`);
  });

  it('is complete after the next try, wherever the first was killed', () => {
    using whole = makeProject();
    const { project } = whole;
    const plan = planAdd(composed.library, project, [QUEUE], { withTests: true });
    applyPlan(composed.library, project, plan);
    const wanted = readAll(project);
    expect(Object.keys(wanted).length).toBeGreaterThan(10);

    for (let renames = 0; ; renames += 1) {
      using place = makeProject();
      const { signal, stderr } = add(place.folder, renames);
      expect(`${stderr}`).toBe('');
      expect(add(place.folder, -1).status).toBe(0);
      expect(readAll(place.project)).toEqual(wanted);
      if (signal === null) break;
    }
  });

  it('knows what it has written when it was killed, and leaves it alone when that is edited', () => {
    using place = makeProject();
    // The hold and the lock are the first two; then come a file, and the next.
    expect(add(place.folder, 3).signal).toBe('SIGKILL');
    const [written = ''] = Object.keys(readAll(place.project, 'patterns'));
    place.project.write(written, '// mine\n');
    expect(`${add(place.folder, -1).stderr}`).toBe('');
    expect(place.project.read(written)).toBe('// mine\n');
  });
});
