import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cloneWith, finish, HELLO } from './bootstrap/test-clone.ts';

const PATIENT = `process.on('SIGTERM', () => process.exit(7));
setInterval(() => {}, 1000);
console.log('ready');`;

describe('run.mjs', () => {
  it('installs with the real npm in a path with spaces, then runs the command', async () => {
    using clone = cloneWith('await import("greeting"); console.log(process.argv.slice(2));');
    clone.write('agents/index.js', 'console.log("greeted");');

    const environment = { PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
    const { code, output } = await finish(clone.run(['hello', 'a b', '--c'], environment));

    expect(output).toMatch(/installing the packages[\s\S]*greeted\n\[ 'a b', '--c' \]\n$/);
    expect(code).toBe(0);
  });

  it('installs once, and passes the exit code on', async () => {
    using clone = cloneWith(HELLO);

    expect(await finish(clone.run(['hello', 'a b']))).toEqual({
      code: 7,
      output: expect.stringMatching(/installing[\s\S]*npm install --no-save\nhello \[ 'a b' \]\n$/),
    });
    expect(await finish(clone.run(['hello']))).toEqual({ code: 7, output: 'hello []\n' });
  });

  it('names the commands when there is no such one, and installs nothing', async () => {
    using clone = cloneWith(HELLO);

    expect(await finish(clone.run(['helo']))).toEqual({
      code: 2,
      output: 'There is no command "helo". There is: hello\n',
    });
    expect(clone.has('node_modules')).toBe(false);
  });

  it('starts an install again from nothing when it was killed halfway', async () => {
    using clone = cloneWith(HELLO);
    const killed = clone.run(['hello'], { HALFWAY: '1' });
    await killed.says('halfway');
    for (const pid of clone.lockOwners()) process.kill(pid, 'SIGKILL');
    await killed.ended;

    expect(clone.has('node_modules/half')).toBe(true);
    expect(await clone.run(['hello']).ended).toBe(7);
    expect(clone.has('node_modules/half')).toBe(false);
    expect(clone.lockOwners()).toEqual([]);
  });

  it('waits for an npm that goes on after its starter was killed', async () => {
    using clone = cloneWith(HELLO);
    const killed = clone.run(['hello'], { HALFWAY: '1' });
    await killed.says('halfway');
    killed.child.kill('SIGKILL');
    const [npm = 0] = clone.lockOwners().filter((pid) => pid !== killed.child.pid);

    const second = clone.run(['hello']);
    await second.says('waiting');
    process.kill(npm, 'SIGUSR2');

    const { code, output } = await finish(second);
    expect(code).toBe(7);
    expect(output).not.toContain('npm install');
  });

  it('lets one of two runs at once install and the other wait', async () => {
    using clone = cloneWith(HELLO);
    const first = clone.run(['hello'], { HALFWAY: '1' });
    await first.says('halfway');
    const second = clone.run(['hello']);
    await second.says('waiting');
    const [npm = 0] = clone.lockOwners().filter((pid) => pid !== first.child.pid);
    process.kill(npm, 'SIGUSR2');

    expect(await Promise.all([first.ended, second.ended])).toEqual([7, 7]);
    expect(second.output()).not.toContain('npm install');
  });

  it('lets a run that needs more wait for an install, and then adds it', async () => {
    using clone = cloneWith(HELLO);
    clone.write('scripts/commands/check.ts', HELLO);
    clone.write('scripts/commands/example.ts', HELLO);
    const first = clone.run(['check'], { HALFWAY: '1' });
    await first.says('halfway');
    const second = clone.run(['example', 'jobs/queue']);
    await second.says('waiting');
    const [npm = 0] = clone.lockOwners().filter((pid) => pid !== first.child.pid);
    process.kill(npm, 'SIGUSR2');

    expect(await Promise.all([first.ended, second.ended])).toEqual([7, 7]);
    expect(second.output()).toContain('--workspace=agents --workspace=examples/jobs/queue\n');
  });

  it('passes a signal on to the command and ends with its exit code', async () => {
    using clone = cloneWith(PATIENT);
    const run = clone.run(['hello']);
    await run.says('ready');
    run.child.kill('SIGTERM');
    expect(await run.ended).toBe(7);
  });

  it('passes a signal on to npm', async () => {
    using clone = cloneWith(HELLO);
    const run = clone.run(['hello'], { HALFWAY: '1' });
    await run.says('halfway');
    run.child.kill('SIGTERM');

    const { code, output } = await finish(run);
    expect(code).toBe(2);
    expect(output).toContain('The install was stopped; the next run starts it again.');
    expect(clone.lockOwners()).toEqual([]);
  });

  it('lets npm write the lock when a package.json has changed', async () => {
    using clone = cloneWith(HELLO);
    clone.write('examples/jobs/new/package.json', '{ "name": "new", "version": "1.0.0" }');

    const { output } = await finish(clone.run(['hello']));
    expect(output).toContain('noting examples/jobs/new/package.json in package-lock.json');
    expect(output).toMatch(/npm install\n/);
  });

  it('refuses a lock that does not fit on CI', async () => {
    using clone = cloneWith(HELLO);
    clone.write('examples/jobs/new/package.json', '{ "name": "new", "version": "1.0.0" }');

    expect(await finish(clone.run(['hello'], { CI: 'true' }))).toEqual({
      code: 2,
      output:
        'package-lock.json does not fit examples/jobs/new/package.json: ' +
        'run "npm install" and commit package-lock.json.\n',
    });
  });

  it('says that npm failed, and does not run the command', async () => {
    using clone = cloneWith(HELLO);
    const { code, output } = await finish(clone.run(['hello'], { NPM_EXIT: '3' }));
    expect(code).toBe(2);
    expect(output).toContain('npm could not install the packages (code 3)');
    expect(output).not.toContain('hello');
  });
});
