import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../files/root.ts';
import { listPatternIds } from '../pattern/list-pattern-ids.ts';

function runExampleCommand(...words: string[]) {
  const program = join(import.meta.dirname, 'example.ts');
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...words], {
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined },
  });
  return { status, stdout, stderr };
}

describe('npm run example', () => {
  it('lists every example that can be run, one a line', () => {
    const runnable = listPatternIds(ROOT).filter((id) =>
      existsSync(join(ROOT, 'examples', id, 'main.ts')),
    );
    const { status, stdout } = runExampleCommand();
    const listed = stdout.split('\n').flatMap((line) => /^ {2}(\S+\/\S+) /.exec(line)?.[1] ?? []);
    expect({ status, listed }).toEqual({ status: 0, listed: runnable });
  });

  it('walks through one of the two ways at a time', () => {
    const [id = ''] = listPatternIds(ROOT);
    expect(runExampleCommand(id, '--demo', '--naive')).toEqual({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining('either --demo or --naive'),
    });
  });

  it('names the nearest when there is no such example', () => {
    const [id = ''] = listPatternIds(ROOT);
    expect(runExampleCommand(id.slice(0, -1))).toEqual({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining(`did you mean ${id}`),
    });
  });
});
