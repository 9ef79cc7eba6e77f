import { describe, expect, it } from 'vitest';
import { ROOT } from '../repository.ts';
import { chooseWorkspaces } from './choose-workspaces.mjs';
import { listWorkspaces } from './find-missing.mjs';

describe('chooseWorkspaces', () => {
  it.each(['bench', 'example', 'mutate', 'prove', 'stress', 'test'])(
    'installs for %s with an id what that example needs',
    (command) => {
      const id = 'jobs/background-jobs';
      expect(chooseWorkspaces(ROOT, command, ['--flag', id])).toEqual(['agents', `examples/${id}`]);
    },
  );

  it.each(['build', 'check', 'new', 'start', 'sync'])('installs for %s no example', (command) => {
    expect(chooseWorkspaces(ROOT, command, ['jobs/background-jobs'])).toEqual(['agents']);
  });

  it.each(['prove', 'stress', 'test'])('installs for %s without an id everything', (command) => {
    expect(chooseWorkspaces(ROOT, command, ['--all'])).toEqual(listWorkspaces(ROOT));
  });
});
