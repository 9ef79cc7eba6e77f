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

  it('is complete after the next try, before whichever write the first was killed', () => {
    using whole = makeProject();
    applyPlan(
      composed.library,
      whole.project,
      planAdd(composed.library, whole.project, [QUEUE], { withTests: true }),
    );
    const wanted = readAll(whole.project);
    expect(Object.keys(wanted).length).toBeGreaterThan(10);

    for (let writes = 0; ; writes += 1) {
      using place = makeProject();
      const add = (count: number) =>
        spawnSync(...program('killed-add.ts', library, place.folder, QUEUE, `${count}`));
      const { signal, stderr } = add(writes);
      expect(`${stderr}`).toBe('');
      expect(add(-1).status).toBe(0);
      expect(readAll(place.project)).toEqual(wanted);
      if (signal === null) break;
    }
  });
});
