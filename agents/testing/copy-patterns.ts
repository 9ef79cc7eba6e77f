import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../scripts/files/root.ts';
import { TESTS_FOLDER } from '../../scripts/pattern/copied-tests.ts';
import { TYPES_FLOOR } from '../library/floors.ts';
import { PACKAGE } from '../library/package-name.ts';
import { buildProject } from './build-project.ts';

// What a stranger does: packs nothing but what is published, installs it in an empty project,
// takes every pattern with its tests, or those that are named, installs what they ask for, and
// type-checks it all. Then it compiles them in one project as ES modules and in one as CommonJS, and
// bundles them.
const [folder = '', ...named] = process.argv.slice(2);

/** What any project has, and no more; the versions are those of this repository. */
const TOOLS = ['typescript', '@types/node'].map((name) => `${name}@${readVersion(name)}`);

const COMPILER_OPTIONS = {
  allowImportingTsExtensions: true,
  exactOptionalPropertyTypes: true,
  // What is copied needs no more than it says.
  lib: [TYPES_FLOOR, 'dom', 'dom.iterable'],
  module: 'nodenext',
  noEmit: true,
  noUncheckedIndexedAccess: true,
  strict: true,
  target: 'esnext',
  types: ['node'],
};

writeProject();
const tarball = pack();
npm('install', '--save-dev', tarball, ...TOOLS);
const ids = named.length > 0 ? named : listAll();
touchstone('add', ...ids, '--with-tests');
npm('install');
run('node_modules/typescript/bin/tsc', '--project', '.');
run('node_modules/typescript/bin/tsc', '--project', `src/patterns/${TESTS_FOLDER}`);
touchstone('verify');
await build('module', ids);
await build('commonjs', ids);
console.log(
  `${ids.length} patterns are copied, and their types hold; compiled and bundled as ES modules and as CommonJS, too`,
);

/** A project in a folder of this one, which has all packages, with an ordinary tsconfig.json. */
async function build(type: 'module' | 'commonjs', ids: string[]): Promise<void> {
  const root = join(folder, type);
  mkdirSync(join(root, 'src'), { recursive: true });
  writeJson(join(root, 'package.json'), { name: type, version: '1.0.0', private: true, type });
  const { allowImportingTsExtensions, noEmit, ...options } = COMPILER_OPTIONS;
  const compilerOptions = { ...options, rootDir: 'src', outDir: 'dist' };
  writeJson(join(root, 'tsconfig.json'), { compilerOptions, include: ['src'] });
  writeFileSync(join(root, 'src/index.ts'), 'export {};\n');
  if (ids.length > 0) touchstone('add', ...ids, '--cwd', root);
  run('node_modules/typescript/bin/tsc', '--project', root);
  await buildProject(root, type);
}

function listAll(): string[] {
  return touchstone('list').map((line) => line.replace(/\t.*/, ''));
}

function pack(): string {
  const to = ['--pack-destination', folder];
  const out = execFileSync('npm', ['pack', join(ROOT, 'agents'), '--json', ...to], {
    encoding: 'utf8',
  });
  const [packed] = Object.values(JSON.parse(out) as Record<string, { filename: string }>);
  return join(folder, packed?.filename ?? '');
}

function writeProject(): void {
  mkdirSync(join(folder, 'src'), { recursive: true });
  writeJson(join(folder, 'package.json'), {
    name: 'copy',
    version: '1.0.0',
    private: true,
    type: 'module',
  });
  writeJson(join(folder, 'tsconfig.json'), { compilerOptions: COMPILER_OPTIONS, include: ['src'] });
  writeFileSync(join(folder, 'src/index.ts'), 'export {};\n');
}

function writeJson(file: string, value: unknown): void {
  writeFileSync(file, JSON.stringify(value, null, 2));
}

/** The cache has every package: the repository asks for the same versions. */
function npm(...words: string[]): void {
  const options = ['--no-audit', '--no-fund', '--prefer-offline'];
  // Before npm 11 there is no allowScripts, and this script would fetch what no test needs.
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' };
  execFileSync('npm', [...words, ...options], { cwd: folder, env, stdio: 'inherit' });
}

function touchstone(...words: string[]): string[] {
  return run(`node_modules/${PACKAGE}/dist/cli.js`, ...words);
}

function run(program: string, ...words: string[]): string[] {
  const args = [join(folder, program), ...words];
  const out = execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
  return out.split('\n').filter(Boolean);
}

function readVersion(name: string): string {
  const file = join(ROOT, 'node_modules', name, 'package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
