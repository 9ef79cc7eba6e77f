import { describe, expect, it } from 'vitest';
import { makeProject } from '../testing/test-library.ts';
import { openProject } from './project.ts';
import { findSettings } from './settings.ts';

type Files = Record<string, string>;

const EXTENSIONS = '"allowImportingTsExtensions": true';
const NO_OUTPUT = '"noEmit": true';

function readSettings(files: Files, folder = '.') {
  using place = makeProject(files);
  const { imports, emits } = findSettings(openProject(`${place.folder}/${folder}`));
  return { imports, emits };
}

const runs = { imports: 'ts', emits: false };
const compiles = { imports: 'js', emits: true };

describe('how files are written in a project', () => {
  it('is as Node runs them where there is no tsconfig.json', () => {
    expect(readSettings({})).toEqual(runs);
  });

  it('is not confused by what looks like a comment inside a string', () => {
    const text = `{
      "compilerOptions": { "paths": { "@/*": ["./src/*"] }, ${EXTENSIONS}, ${NO_OUTPUT} },
      "include": ["src/**/*.ts"]
    }`;
    expect(readSettings({ 'tsconfig.json': text })).toEqual(runs);
  });

  it('heeds no option that is in a comment, at the end of a line either', () => {
    const text = `{ "compilerOptions": { // "noEmit": true
      "strict": true, // ${EXTENSIONS}
    } }`;
    expect(readSettings({ 'tsconfig.json': text })).toEqual(compiles);
  });

  it('comes from each base of an array, the last one first', () => {
    const files = {
      'tsconfig.json': '{ "extends": ["./a.json", "./b.json"] }',
      'a.json': `{ "compilerOptions": { ${EXTENSIONS}, ${NO_OUTPUT} } }`,
      'b.json': '{ "compilerOptions": { "noEmit": false } }',
    };
    expect(readSettings(files)).toEqual({ imports: 'ts', emits: true });
  });

  it('comes from a base that is a package', () => {
    const files = {
      'tsconfig.json': '{ "extends": "@acme/tsconfig/node.json" }',
      'node_modules/@acme/tsconfig/package.json': '{ "name": "@acme/tsconfig" }',
      'node_modules/@acme/tsconfig/node.json': `{ "compilerOptions": { ${EXTENSIONS}, ${NO_OUTPUT} } }`,
    };
    expect(readSettings(files)).toEqual(runs);
  });

  it('comes from a base above the project', () => {
    const files = {
      'tsconfig.base.json': `{ "compilerOptions": { ${EXTENSIONS}, ${NO_OUTPUT} } }`,
      'packages/api/package.json': '{ "type": "module" }',
      'packages/api/tsconfig.json': '{ "extends": "../../tsconfig.base.json" }',
    };
    expect(readSettings(files, 'packages/api')).toEqual(runs);
  });

  it('is what the project says where its base says otherwise', () => {
    const files = {
      'tsconfig.json': '{ "extends": "./base.json", "compilerOptions": { "noEmit": false } }',
      'base.json': `{ "compilerOptions": { ${NO_OUTPUT} } }`,
    };
    expect(readSettings(files)).toEqual(compiles);
  });

  it('cannot be told while a base is missing: the error names it', () => {
    const files = { 'tsconfig.json': '{ "extends": "@acme/tsconfig" }' };
    expect(() => readSettings(files)).toThrow(/tsconfig\.json cannot be read: .*@acme\/tsconfig/);
  });

  it('cannot be told while two bases extend each other', () => {
    const files = {
      'tsconfig.json': '{ "extends": "./base.json" }',
      'base.json': '{ "extends": "./tsconfig.json" }',
    };
    expect(() => readSettings(files)).toThrow(/tsconfig\.json cannot be read: Circularity/);
  });
});

it.each([
  ['commonjs', undefined, true],
  ['nodenext', undefined, true],
  ['nodenext', 'module', false],
  ['esnext', undefined, false],
  ['preserve', undefined, false],
])('of module %s and type %s, what is emitted is CommonJS: %s', (module, type, isCommonJs) => {
  const compilerOptions = { module, target: 'es2024' };
  using place = makeProject({
    'package.json': JSON.stringify({ name: 'app', type }),
    'tsconfig.json': JSON.stringify({ compilerOptions }),
  });
  expect(findSettings(place.project).isCommonJs).toBe(isCommonJs);
  place.project.write(
    'tsconfig.json',
    JSON.stringify({ compilerOptions: { ...compilerOptions, noEmit: true } }),
  );
  expect(findSettings(place.project).isCommonJs).toBe(false);
});
