import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { writeRegistry } from '../generate/write-registry.ts';
import { NPX } from '../library/package-name.ts';
import {
  buildComposedLibrary,
  DEVICES,
  LOCKS,
  MAILS,
  QUEUE,
  writeComposedPage,
} from '../testing/composed-repository.ts';
import { makeProject } from '../testing/test-library.ts';
import { applyPlan } from './apply-plan.ts';
import { listIds } from './copied-files.ts';
import { readProjectLock } from './lock-file.ts';
import { type AddOptions, planAdd } from './plan-add.ts';
import { planRemove } from './remove.ts';
import { planUpdate } from './update.ts';
import { verifyPatterns } from './verify.ts';

const composed = buildComposedLibrary();
const { library } = composed;

let place: ReturnType<typeof makeProject>;

beforeEach(() => {
  place = makeProject();
  return () => place[Symbol.dispose]();
});

afterAll(() => composed[Symbol.dispose]());

function add(ids: string[], options: AddOptions = {}) {
  const plan = planAdd(library, place.project, ids, options);
  applyPlan(library, place.project, plan);
  return plan;
}

const read = (path: string): string => place.project.read(path) ?? '';

const listAsked = (): string[] => {
  const patterns = readProjectLock(place.project)?.patterns ?? {};
  return Object.keys(patterns).filter((id) => patterns[id]?.asked);
};

describe('adding a pattern that builds on another', () => {
  it('brings what it builds on first, and says which came along for which', () => {
    const plan = add([MAILS]);
    expect(plan.patterns).toEqual([LOCKS, QUEUE, MAILS]);
    expect(plan.brought).toEqual([
      { id: LOCKS, requiredBy: [QUEUE, MAILS] },
      { id: QUEUE, requiredBy: [MAILS] },
    ]);
    expect(listAsked()).toEqual([MAILS]);
    expect(plan.next.join('\n')).toContain(`${NPX} show ${MAILS}`);
  });

  it('points its imports to the folders beside it', () => {
    add([MAILS]);
    expect(read('patterns/queue/queue.ts')).toContain(`from '../locks/lock.ts'`);
    expect(read('patterns/queue/queue.ts')).toContain(`new URL('../locks/lock-worker.ts'`);
    expect(read('patterns/queue/queue.ts')).toContain('names ../../postgres/locks, and stays');
    expect(read('patterns/sending/inner/send.ts')).toContain(`from '../../queue/queue.ts'`);
  });

  it('names JavaScript, and finds its worker after compiling, where the compiler wants it', () => {
    place.project.write('tsconfig.json', '{ "compilerOptions": { "strict": true } }');
    add([QUEUE]);
    const text = read('patterns/queue/queue.ts');
    expect(text).toContain(`from '../locks/lock.js'`);
    expect(text).toContain(`'../locks/lock-worker.ts' : '../locks/lock-worker.js'`);
  });

  it('brings the packages and the environment of both, and the tables of the first first', () => {
    const { environment } = add([QUEUE]);
    expect(environment).toEqual(['LOCK_URL']);
    expect(JSON.parse(read('package.json')).dependencies).toEqual({ pg: '8.1.0', zod: '4.1.0' });
    expect(place.project.list('migrations')).toEqual(['0001_locks.sql', '0002_queue.sql']);
  });

  it('has each file once, in whatever order two are added', () => {
    const orders = [
      [QUEUE, MAILS],
      [MAILS, QUEUE],
      [LOCKS, MAILS],
    ].map((ids) => {
      using other = makeProject();
      for (const id of ids)
        applyPlan(library, other.project, planAdd(library, other.project, [id]));
      const files = Object.values(readProjectLock(other.project)?.patterns ?? {}).flatMap(
        ({ files }) => Object.keys(files),
      );
      expect(new Set(files).size).toBe(files.length);
      return files.filter((path) => path.startsWith('patterns/')).sort();
    });
    expect(orders[1]).toEqual(orders[0]);
    expect(orders[2]).toEqual(orders[0]);
  });

  it('runs as it was copied', () => {
    add([MAILS]);
    for (const name of ['pg', 'zod']) {
      place.project.write(`node_modules/${name}/package.json`, '{ "main": "index.js" }');
      place.project.write(`node_modules/${name}/index.js`, '');
    }
    const program = `import { send } from '${join(place.folder, 'patterns/sending/inner/send.ts')}'; console.log(send())`;
    const out = execFileSync(process.execPath, ['--input-type=module', '--eval', program]);
    expect(`${out}`).toBe('key\n');
  });

  it('brings the tests of the patterns that were named, with the tables of what they build on', () => {
    const plan = add([QUEUE], { withTests: true });
    const tests = plan.files.filter(({ role }) => role === 'test').map(({ path }) => path);
    expect(tests).toEqual([
      'patterns/.tests/queue/failures.proof.ts',
      'patterns/.tests/queue/test-tables.ts',
      'patterns/.tests/queue/schema.sql',
      'patterns/.tests/queue/required/locks/schema.sql',
      'patterns/.tests/vitest.config.ts',
      'patterns/.tests/package.json',
      'patterns/.tests/tsconfig.json',
    ]);
    expect(read('patterns/.tests/queue/failures.proof.ts')).toContain(`'../../locks/lock.ts'`);
    expect(read('patterns/.tests/queue/test-tables.ts')).toContain(`'./required/locks/schema.sql'`);
    expect(read('patterns/.tests/queue/required/locks/schema.sql')).toContain('create table locks');
    add([LOCKS], { withTests: true });
    expect(place.project.list('patterns/.tests/locks')).toEqual(['failures.proof.ts']);
  });

  it('brings what only its tests use with them, and not without', () => {
    expect(add([MAILS]).patterns).not.toContain(DEVICES);
    const { brought } = add([MAILS], { withTests: true });
    expect(brought).toContainEqual({ id: DEVICES, requiredBy: [MAILS] });
    expect(read('patterns/.tests/sending/failures.proof.ts')).toContain(
      `'../../devices/devices.ts'`,
    );
    place.project.remove('patterns/devices/devices.ts');
    expect(verifyPatterns(library, place.project, [DEVICES])[0]?.passed).toBe(false);
    expect(() => planRemove(library, place.project, [DEVICES])).toThrow(`${MAILS} builds on`);
  });

  it('remembers that what came along was asked for later', () => {
    add([QUEUE]);
    add([LOCKS]);
    expect(listAsked()).toEqual([QUEUE, LOCKS].sort());
  });
});

describe('removing a pattern that builds on another', () => {
  const remove = (ids: string[]) => {
    const removal = planRemove(library, place.project, ids);
    removal.apply();
    return { unneeded: removal.unneeded, kept: removal.kept };
  };
  const listAdded = () => {
    const lock = readProjectLock(place.project);
    return lock ? listIds(lock) : [];
  };

  it('removes what only came along and nothing needs any more', () => {
    add([MAILS], { withTests: true });
    expect(remove([MAILS])).toEqual({ unneeded: [QUEUE, DEVICES, LOCKS], kept: [] });
    expect(place.project.list('patterns')).toEqual([]);
    expect(listAdded()).toEqual([]);
  });

  it('keeps what another pattern still needs, and says which', () => {
    add([MAILS]);
    add([QUEUE]);
    expect(remove([MAILS])).toEqual({
      unneeded: [],
      kept: [{ id: LOCKS, reason: `${QUEUE} builds on it` }],
    });
    expect(listAdded()).toEqual([QUEUE, LOCKS]);
  });

  it('keeps what was asked for', () => {
    add([LOCKS]);
    add([QUEUE]);
    remove([QUEUE]);
    expect(listAdded()).toEqual([LOCKS]);
  });

  it('keeps what a file that stays, because it was edited, imports', () => {
    add([QUEUE]);
    place.project.write('patterns/queue/queue.ts', `${read('patterns/queue/queue.ts')}// mine\n`);
    const reason = `files of ${QUEUE} that you edited stay`;
    expect(remove([QUEUE])).toEqual({ unneeded: [], kept: [{ id: LOCKS, reason }] });
    const [verified] = verifyPatterns(library, place.project, [LOCKS]);
    expect(verified?.suggestions.join()).toContain('nothing builds on it any more');
  });

  it('refuses to remove what another pattern builds on', () => {
    add([QUEUE]);
    expect(() => remove([LOCKS])).toThrow(`${QUEUE} builds on ${LOCKS}: remove it first`);
    expect(remove([LOCKS, QUEUE])).toEqual({ unneeded: [], kept: [] });
  });
});

describe('updating', () => {
  it('brings a pattern that is required now, its tables last, and asks for nothing', () => {
    using old = buildComposedLibrary({
      'patterns/jobs/queue.md': writeComposedPage({ files: ['queue.ts', 'schema.sql'] }),
      'examples/jobs/queue/queue.ts': 'export const queue = () => 1;\n',
    });
    applyPlan(old.library, place.project, planAdd(old.library, place.project, [QUEUE]));
    const [before] = verifyPatterns(library, place.project, []);
    expect(before?.issues.join()).toContain(
      `it builds on ${LOCKS}, which is missing: ${NPX} add ${LOCKS}`,
    );

    const { files, apply } = planUpdate(library, place.project, [QUEUE]);
    apply();
    expect(files).toContainEqual(
      expect.objectContaining({ path: 'patterns/locks/lock.ts', outcome: 'added' }),
    );
    expect(place.project.list('migrations')).toEqual(['0001_queue.sql', '0002_locks.sql']);
    expect(listAsked()).toEqual([QUEUE]);
    expect(verifyPatterns(library, place.project, []).every(({ passed }) => passed)).toBe(true);
  });

  it.each([LOCKS, QUEUE, MAILS])('of %s brings all that it is joined with to one version', (id) => {
    add([MAILS]);
    using next = buildComposedLibrary(
      { 'examples/postgres/locks/keys/key.ts': "export const key = 'other';\n" },
      '2.0.0',
    );
    planUpdate(next.library, place.project, [id]).apply();
    expect(read('patterns/locks/keys/key.ts')).toContain('other');
    const patterns = Object.values(readProjectLock(place.project)?.patterns ?? {});
    expect(patterns.map(({ version }) => version)).toEqual(['2.0.0', '2.0.0', '2.0.0']);
  });
});

it('the registry of shadcn names what an item builds on, and its files are beside those', () => {
  const items = Object.fromEntries(writeRegistry(composed.built.patterns));
  const item = JSON.parse(items['r/jobs-queue.json'] ?? '');
  expect(item.registryDependencies).toEqual(['@touchstone/postgres-locks']);
  expect(item.files[0]).toMatchObject({ target: '~/src/patterns/queue/queue.ts' });
  expect(item.files[0].content).toContain(`'../locks/lock.ts'`);
});
