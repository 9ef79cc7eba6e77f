import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';

const main = JSON.stringify(new URL('main.ts', import.meta.url).href);
const settings = JSON.stringify(new URL('setting-error.ts', import.meta.url).href);

/** A program whose main function throws that. */
function runProgram(thrown: string) {
  const script = `
    import { runMain } from ${main};
    import { SettingError } from ${settings};
    await runMain(async () => { throw ${thrown}; });`;
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module-typescript', '--eval', script],
    { encoding: 'utf8' },
  );
  return { status, stderr };
}

describe('runMain', () => {
  test('A setting that is wrong is told in a sentence, without a stack', () => {
    expect(runProgram(`new SettingError('PORT: set it')`)).toEqual({
      status: 1,
      stderr: 'PORT: set it\n',
    });
  });

  test('Any other error is told with its stack', () => {
    const { status, stderr } = runProgram(`new TypeError('a fault')`);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^TypeError: a fault\n {4}at /);
  });
});
