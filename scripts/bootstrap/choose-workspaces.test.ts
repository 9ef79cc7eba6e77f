import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../files/root.ts';
import { chooseWorkspaces } from './choose-workspaces.mjs';
import { listWorkspaces } from './find-missing.mjs';

describe('chooseWorkspaces', () => {
  it.each(['bench', 'example', 'mutate', 'prove', 'stress', 'test'])(
    'installs for %s with an id what that example needs, and what it builds on',
    (command) => {
      const id = 'jobs/background-jobs';
      const chosen = chooseWorkspaces(ROOT, command, ['--flag', id]);
      const needed = ['agents', `examples/${id}`, 'examples/postgres/transactions-and-locking'];
      expect(chosen).toEqual(expect.arrayContaining(needed));
      expect(chosen).not.toContain('examples/ml/model-serving');
    },
  );

  it('installs with an example what the examples need whose files it imports', () => {
    const root = mkdtempSync(join(tmpdir(), 'touchstone-workspaces-'));
    const files = {
      'package.json': '{ "workspaces": ["agents", "examples/*/*"] }',
      'agents/package.json': '{}',
      'examples/jobs/queue/package.json': '{}',
      'examples/jobs/queue/queue.ts':
        "import '../../postgres/transactions/retry.ts'; import '../worker/loop.ts';",
      'examples/jobs/worker/package.json': '{}',
      'examples/postgres/transactions/package.json': '{}',
      'examples/postgres/transactions/retry.ts': "import '../../time/clock/clock.ts';",
      'examples/time/clock/package.json': '{}',
      'examples/time/zones/package.json': '{}',
    };
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    const chosen = chooseWorkspaces(root, 'test', ['jobs/queue']);
    rmSync(root, { recursive: true });
    expect(chosen.toSorted()).toEqual([
      'agents',
      'examples/jobs/queue',
      'examples/jobs/worker',
      'examples/postgres/transactions',
      'examples/time/clock',
    ]);
  });

  it.each(['build', 'check', 'new', 'start', 'sync'])('installs for %s no example', (command) => {
    expect(chooseWorkspaces(ROOT, command, ['jobs/background-jobs'])).toEqual(['agents']);
  });

  it('installs for the package what its kit is compiled with', () => {
    expect(chooseWorkspaces(ROOT, 'pack', [])).toEqual(['agents', 'examples/kit']);
  });

  it.each(['prove', 'stress', 'test'])('installs for %s without an id everything', (command) => {
    expect(chooseWorkspaces(ROOT, command, ['--all'])).toEqual(listWorkspaces(ROOT));
  });
});
