import { execFileSync } from 'node:child_process';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { buildComposedLibrary, DEVICES, LOCKS, QUEUE } from '../testing/composed-repository.ts';
import { changeLibrary, makeProject } from '../testing/test-library.ts';
import { applyPlan } from './apply-plan.ts';
import { listIds } from './copied-files.ts';
import { LOCK_FILE, readProjectLock } from './lock-file.ts';
import { planAdd } from './plan-add.ts';
import { planUpdate } from './update.ts';
import { verifyPatterns } from './verify.ts';

const composed = buildComposedLibrary();
const { library } = composed;

afterAll(() => composed[Symbol.dispose]());

let place: ReturnType<typeof makeProject>;

beforeEach(() => {
  place = makeProject();
  return () => place[Symbol.dispose]();
});

const add = (ids: string[], from = library) =>
  applyPlan(from, place.project, planAdd(from, place.project, ids));

describe('the lock', () => {
  it('is read from both sides of a conflict, and written whole by the next command', () => {
    const git = (...words: string[]) =>
      execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.c', ...words], {
        cwd: place.folder,
        stdio: 'pipe',
      });
    const commit = () => git('add', '-A') && git('commit', '-qm', 'x');
    git('init', '-q', '-b', 'main');
    commit();
    git('switch', '-qc', 'other');
    add([DEVICES]);
    commit();
    git('switch', '-q', 'main');
    add([LOCKS]);
    commit();
    expect(() => git('merge', '-q', 'other')).toThrow();

    const lock = readProjectLock(place.project);
    expect(lock && listIds(lock)).toEqual([LOCKS, DEVICES]);
    add([QUEUE]);
    expect(JSON.parse(place.project.read(LOCK_FILE) ?? '').patterns).toHaveProperty([DEVICES]);
    expect(verifyPatterns(library, place.project, []).every(({ passed }) => passed)).toBe(true);
  });

  it('of a newer library is not taken back to an older one', () => {
    add(
      [LOCKS],
      changeLibrary(library, '2.0.0', (_, text) => text),
    );
    const refusal = 'patterns of touchstone 2.0.0, and this is 1.0.0: use it with npx';
    expect(() => add([QUEUE])).toThrow(refusal);
    expect(() => planUpdate(library, place.project, [])).toThrow(refusal);
    place.project.write(LOCK_FILE, '{ "lockVersion": 2 }');
    expect(() => add([QUEUE])).toThrow('comes from a newer touchstone');
  });

  it('that is lost brings no migration a second time', () => {
    add([QUEUE]);
    place.project.remove(LOCK_FILE);
    add([QUEUE]);
    expect(place.project.list('migrations')).toEqual(['0001_locks.sql', '0002_queue.sql']);
  });
});
