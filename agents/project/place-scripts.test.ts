import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeProject } from '../testing/test-library.ts';
import { placeScripts } from './place-scripts.ts';

const CHANGE = { dependencies: { pg: '8.0.0' }, allowScripts: { a: false, b: false } };

/** What is planned for packages/api below a package.json. */
function place(root: object | string, folder = 'packages/api') {
  const text = typeof root === 'string' ? root : JSON.stringify(root);
  using project = makeProject({ 'package.json': text, [`${folder}/package.json`]: '{}' });
  return placeScripts(join(project.project.root, folder), CHANGE);
}

describe('the install scripts that are not needed', () => {
  it('are left to the owner in a package of a workspace, for npm reads them in its root only', () => {
    const { packages, step } = place({ workspaces: ['packages/*'] });
    expect(packages).toEqual({ dependencies: CHANGE.dependencies });
    expect(step).toContain('in ../../package.json');
    expect(step).toContain('{"a":false,"b":false}');
  });

  it.each<[string, unknown]>([
    ['packages/api', ['packages/api']],
    ['packages/api', ['./packages/*/']],
    ['packages/web/api', ['packages/**']],
    ['packages/api', { packages: ['packages/*'] }],
  ])('are left to the owner of %s in %j', (folder, workspaces) => {
    expect(place({ workspaces }, folder).step).not.toBe('');
  });

  it.each<[string, unknown]>([
    ['packages/api', undefined],
    ['packages/api', ['apps/*']],
    ['packages/web/api', ['packages/*']],
    ['packages-api', ['packages.api']],
    ['packages/api', [1]],
  ])('are written in %s, which is not of the workspaces %j', (folder, workspaces) => {
    expect(place({ workspaces }, folder)).toEqual({ packages: CHANGE, step: '' });
  });

  it('are written below a package.json that cannot be read', () => {
    expect(place('no JSON').packages).toEqual(CHANGE);
    expect(place('null').packages).toEqual(CHANGE);
  });

  it('are told only as far as the root lacks them', () => {
    const workspaces = ['packages/*'];
    expect(place({ workspaces, allowScripts: { a: true } }).step).toContain('{"b":false}');
    const all = place({ workspaces, allowScripts: { a: true, b: false } });
    expect(all).toEqual({ packages: { dependencies: CHANGE.dependencies }, step: '' });
  });
});
