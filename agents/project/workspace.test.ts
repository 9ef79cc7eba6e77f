import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PACKAGE } from '../library/package-name.ts';
import { buildTestLibrary, makeProject } from '../testing/test-library.ts';
import { type AddOptions, planAdd } from './plan-add.ts';
import { openProject } from './project.ts';

const JOBS = 'jobs/background-jobs';
const YAML = { 'pnpm-workspace.yaml': 'packages:\n  - packages/*\n' };

let built: ReturnType<typeof buildTestLibrary>;
beforeAll(() => {
  built = buildTestLibrary();
});
afterAll(() => built[Symbol.dispose]());

/** What adding jobs plans in a folder of a project with these files. */
function plan(files: Record<string, string>, folder = '.', options: AddOptions = {}) {
  using place = makeProject(files);
  const project = openProject(join(place.folder, folder));
  return planAdd(built.library, project, [JOBS], options);
}

const inApi = (root: object, more: Record<string, string> = {}) => {
  const files = {
    'package.json': JSON.stringify(root),
    'packages/api/package.json': '{}',
    ...more,
  };
  return plan(files, 'packages/api', { withTests: true });
};

describe('a package of a workspace', () => {
  it('asks for this package as the root does, because it may be in no registry', () => {
    const version = (own: string) =>
      inApi({ devDependencies: { [PACKAGE]: own } }).packages.devDependencies?.[PACKAGE];
    expect(version('file:tools/touchstone.tgz')).toBe('file:../../tools/touchstone.tgz');
    expect(version('file:/tmp/touchstone.tgz')).toBe('file:/tmp/touchstone.tgz');
    expect(version('^1.0.0')).toBe('^1.0.0');
  });

  it('asks for this version where nothing above has the package', () => {
    expect(inApi({}).packages.devDependencies?.[PACKAGE]).toBe('1.0.0');
  });

  it('is installed by the package manager whose lock file the root has', () => {
    const install = (name: string) => inApi({}, { [name]: '' }).next.join('\n');
    expect(install('pnpm-lock.yaml')).toContain('Install the packages: pnpm install');
    expect(install('yarn.lock')).toContain('Install the packages: yarn install');
    expect(install('packages/api/bun.lock')).toContain('Install the packages: bun install');
  });
});

describe('the root of a workspace', () => {
  const unmet = [expect.stringContaining('name one of its packages with --cwd')];

  it.each<[string, Record<string, string>]>([
    ['pnpm', YAML],
    ['npm', { 'package.json': '{ "workspaces": ["packages/*"] }' }],
  ])('has no place for patterns, with %s', (_, files) => {
    expect(plan(files).unmet).toEqual(unmet);
  });

  it('has one when it has code of its own, or when you name it', () => {
    expect(plan({ ...YAML, 'src/index.ts': '' }).unmet).toEqual([]);
    expect(plan(YAML, '.', { directory: 'lib' }).unmet).toEqual([]);
  });

  it('is not seen in a project that only allows install scripts', () => {
    expect(plan({ 'pnpm-workspace.yaml': 'allowBuilds:\n  esbuild: false\n' }).unmet).toEqual([]);
  });
});

describe('a project with linters and formatters', () => {
  const SAYS = /Have your tools leave (\S+) alone: (.+)\. What they rewrite/;
  const find = (next: string[]) => SAYS.exec(next.join('\n'))?.slice(1);
  const DEV = { devDependencies: { prettier: '3', eslint: '9' } };

  it('is told to keep them from the copies, because their fixes would count as edits', () => {
    const found = find(plan({ 'package.json': JSON.stringify(DEV), 'src/a.ts': '' }).next);
    expect(found).toEqual([
      'src/patterns/',
      '"ignores" in the configuration of ESLint; .prettierignore',
    ]);
  });

  it('is told so when they are the root of its workspace', () => {
    expect(find(inApi(DEV).next)).toBeDefined();
  });

  it('is told nothing without them', () => {
    expect(find(inApi({}).next)).toBeUndefined();
  });
});
