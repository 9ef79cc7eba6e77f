import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { buildTestLibrary, changeLibrary, makeProject } from '../testing/test-library.ts';
import { applyPlan } from './apply-plan.ts';
import { LOCK_FILE, lockFile, readProjectLock } from './lock-file.ts';
import { planAdd } from './plan-add.ts';
import type { Project } from './project.ts';
import { planRemove } from './remove.ts';
import { planUpdate } from './update.ts';
import { verifyPatterns } from './verify.ts';

const built = buildTestLibrary();
const JOBS = 'jobs/background-jobs';
const WORKER = 'patterns/background-jobs/job-worker.ts';
const MIGRATION = 'migrations/0001_background_jobs.sql';

/** The next release: the worker begins and ends with other lines, the tables have one more. */
const next = changeLibrary(built.library, '2.0.0', (path, text) => {
  if (path === 'job-worker.ts') return `// release 2\n${text}// the end\n`;
  return path === 'schema.sql' ? `${text}create table more ();\n` : text;
});

let place: ReturnType<typeof makeProject>;
let project: Project;

beforeEach(() => {
  place = makeProject();
  project = place.project;
  applyPlan(built.library, project, planAdd(built.library, project, [JOBS]));
  return () => place[Symbol.dispose]();
});

afterAll(() => built[Symbol.dispose]());

function update() {
  const plan = planUpdate(next, project, []);
  plan.apply();
  return Object.fromEntries(plan.files.map(({ path, outcome }) => [path, outcome]));
}

const edit = (path: string, change: (text: string) => string): void =>
  project.write(path, change(project.read(path) ?? ''));

describe('an update', () => {
  it('brings a file that was not edited to the new release, and remembers it', () => {
    const outcomes = update();
    expect(outcomes[WORKER]).toBe('updated');
    expect(project.read(WORKER)).toMatch(/^\/\/ release 2\n[\s\S]*\/\/ the end\n$/);
    expect(readProjectLock(project)?.patterns[JOBS]?.version).toBe('2.0.0');
    expect(update()[WORKER]).toBe('same');
  });

  it('merges what is new into what was edited elsewhere', () => {
    edit(WORKER, (text) => text.replace('\n\n', '\n\n// mine\n'));
    expect(update()[WORKER]).toBe('merged');
    expect(project.read(WORKER)).toMatch(
      /^\/\/ release 2\n[\s\S]*\/\/ mine\n[\s\S]*\/\/ the end\n$/,
    );
  });

  it('marks a conflict where both changed the same lines, and verify finds the markers', () => {
    edit(WORKER, (text) => `// mine\n${text}`);
    expect(update()[WORKER]).toBe('conflict');
    expect(project.read(WORKER)).toMatch(
      /^<<<<<<< yours\n\/\/ mine\n=======\n\/\/ release 2\n>>>>>>> touchstone 2\.0\.0\n/,
    );
    const [verified] = verifyPatterns(next, project, [JOBS]);
    expect(verified?.passed).toBe(false);
    expect(verified?.issues.join()).toContain('conflict markers');
  });

  it('keeps the line ends of an edited file', () => {
    const file = join(place.folder, WORKER);
    const text = readFileSync(file, 'utf8').replace('\n\n', '\n\n// mine\n');
    writeFileSync(file, text.replaceAll('\n', '\r\n'));
    expect(update()[WORKER]).toBe('merged');
    expect(readFileSync(file, 'utf8')).not.toMatch(/[^\r]\n/);
  });

  it('takes a checkout with the line ends of Windows for what was copied', () => {
    for (const path of [WORKER, MIGRATION, LOCK_FILE, 'package.json']) {
      const file = join(place.folder, path);
      writeFileSync(file, `\uFEFF${readFileSync(file, 'utf8').replaceAll('\n', '\r\n')}`);
    }
    expect(planAdd(built.library, project, [JOBS]).files.map(({ state }) => state)).not.toContain(
      'edited',
    );
    expect(verifyPatterns(built.library, project, [JOBS])[0]?.suggestions.join()).not.toContain(
      'edited',
    );
    expect(update()[WORKER]).toBe('updated');
    expect(readFileSync(join(place.folder, WORKER), 'utf8')).toMatch(/^\uFEFF\/\/ release 2\r\n/);
  });

  it('leaves a file alone in which a conflict is not decided yet', () => {
    edit(WORKER, (text) => `// mine\n${text}`);
    update();
    const conflicted = project.read(WORKER);
    const later = changeLibrary(next, '3.0.0', (path, text) =>
      path === 'job-worker.ts' ? `// 3\n${text}` : text,
    );
    expect(planUpdate(later, project, []).files.find(({ path }) => path === WORKER)?.outcome).toBe(
      'conflict',
    );
    planUpdate(later, project, []).apply();
    expect(project.read(WORKER)).toBe(conflicted);
  });

  it('reports a changed migration until the project says that it has one of its own', () => {
    update();
    expect(update()[MIGRATION]).toBe('migration');
    const applied = planUpdate(next, project, [], { isApplied: true });
    applied.apply();
    expect(applied.files.find(({ path }) => path === MIGRATION)?.outcome).toBe('applied');
    expect(update()[MIGRATION]).toBe('same');
    expect(verifyPatterns(next, project, [JOBS])[0]?.suggestions.join()).not.toContain(MIGRATION);
  });

  it('brings the configuration of the copied tests up to date too', () => {
    applyPlan(built.library, project, planAdd(built.library, project, [JOBS], { withTests: true }));
    const config = 'patterns/.tests/vitest.config.ts';
    const lock = JSON.parse(project.read(LOCK_FILE) ?? '');
    lock.patterns['*'].files[config] = lockFile('test', 'vitest.config.ts', '// release 0\n');
    project.write(LOCK_FILE, JSON.stringify(lock));
    project.write(config, '// release 0\n');
    expect(update()[config]).toBe('updated');
    expect(project.read(config)).toContain('@touchstone-patterns/cli/kit/testing/services');
  });

  it('keeps the mode of a file that it changes', () => {
    chmodSync(join(place.folder, WORKER), 0o755);
    update();
    expect(statSync(join(place.folder, WORKER)).mode & 0o777).toBe(0o755);
  });

  it('leaves a migration as it was applied, and says that there is more', () => {
    const before = project.read(MIGRATION);
    expect(update()[MIGRATION]).toBe('migration');
    expect(project.read(MIGRATION)).toBe(before);
  });

  it('does not bring back what was removed', () => {
    project.remove(WORKER);
    expect(update()[WORKER]).toBe('kept');
    expect(project.read(WORKER)).toBeUndefined();
  });

  it('brings a file that is new in the release', () => {
    const manifest = next.readManifest(JOBS);
    const file = { role: 'pattern' as const, path: 'new.ts', bytes: 1, tokens: 1, sha256: '' };
    const grown = {
      ...next,
      readManifest: () => ({ ...manifest, files: [...manifest.files, file] }),
    };
    const { readFile } = next;
    grown.readFile = (id, role, path) =>
      path === 'new.ts' ? '// new\n' : readFile(id, role, path);
    planUpdate(grown, project, []).apply();
    expect(project.read('patterns/background-jobs/new.ts')).toBe('// new\n');
  });

  it('tells which packages are proven in another version by now', () => {
    edit('package.json', (text) => text.replace(/"pg": "[^"]+"/, '"pg": "^7.0.0"'));
    expect(planUpdate(next, project, []).others).toMatchObject([{ name: 'pg', present: '^7.0.0' }]);
  });

  it('refuses a record that was changed by hand', () => {
    edit(LOCK_FILE, (text) => text.replace(/"original": "..../, '"original": "AAAA'));
    expect(() => update()).toThrow('is damaged');
  });
});

it('merges from no original but the one that was written', () => {
  const other = deflateRawSync('another text').toString('base64');
  edit(LOCK_FILE, (text) => text.replace(/"original": "[^"]*"/, `"original": "${other}"`));
  expect(() => update()).toThrow('is damaged');
});

describe('a removal', () => {
  it('takes its files away, and leaves edited ones and migrations', () => {
    edit(WORKER, (text) => `${text}// mine\n`);
    const { files, apply } = planRemove(built.library, project, [JOBS]);
    apply();
    expect(files.find(({ path }) => path === WORKER)?.outcome).toBe('edited');
    expect(project.list('patterns/background-jobs')).toEqual(['job-worker.ts']);
    expect(project.read(MIGRATION)).toBeDefined();
    expect(readProjectLock(project)?.patterns[JOBS]).toBeUndefined();
  });

  it('takes the folder away when nothing is left in it', () => {
    planRemove(built.library, project, [JOBS]).apply();
    expect(project.list('.')).toEqual(['migrations', 'package.json']);
  });

  it('never follows a lock that points outside the project', () => {
    edit(LOCK_FILE, (text) => text.replaceAll('patterns/background-jobs/', '../'));
    expect(() => planRemove(built.library, project, [JOBS])).toThrow('goes up with ..');
  });
});

describe('a verification', () => {
  it('passes a copy that is intact', () => {
    expect(verifyPatterns(built.library, project, [])).toMatchObject([
      { id: JOBS, passed: true },
      { id: 'jobs/worker-loop', passed: true },
      { id: 'postgres/transactions-and-locking', passed: true },
    ]);
  });

  it('finds a compiler that has become too old', () => {
    project.write('tsconfig.json', '{ "compilerOptions": { "target": "es2022" } }');
    const [verified] = verifyPatterns(built.library, project, []);
    expect(verified?.issues.join()).toContain('set "target" or "lib" to "ES2024"');
  });

  it('finds a file that is gone, and a package that is gone or of another age', () => {
    project.remove(WORKER);
    edit('package.json', (text) =>
      text.replace(/"pg": "[^"]+"/, '"pg": "^7.0.0"').replace('@types/pg', '@types/no'),
    );
    const [verified] = verifyPatterns(built.library, project, []);
    const told = verified?.issues.join('\n') ?? '';
    expect(told).toContain(`${WORKER} is missing`);
    expect(told).toContain('package.json has no @types/pg');
    expect(told).toContain('pg is ^7.0.0');
  });

  it('says what was edited, and what has a newer version', () => {
    edit(WORKER, (text) => `${text}// mine\n`);
    const [verified] = verifyPatterns(next, project, []);
    expect(verified?.passed).toBe(true);
    expect(verified?.suggestions.join('\n')).toMatch(/was edited[\s\S]*newer version/);
  });
});
