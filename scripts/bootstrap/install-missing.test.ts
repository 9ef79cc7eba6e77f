import { describe, expect, it } from 'vitest';
import { type Clone, cloneWith, finish, HELLO } from './test-clone.ts';

/** With a command that needs no example, one that needs the named one, and one that needs all. */
function cloneOfThree(): Clone {
  const clone = cloneWith(HELLO);
  for (const name of ['check', 'example']) clone.write(`scripts/commands/${name}.ts`, HELLO);
  return clone;
}

describe('installMissing', () => {
  it('adds the packages of an example when it is run, and keeps those that are there', async () => {
    using clone = cloneOfThree();
    const only = (...folders: string[]) =>
      `npm install --no-save --include-workspace-root ${folders.map((name) => `--workspace=${name}`).join(' ')}\n`;

    const check = await finish(clone.run(['check']));
    expect(check.output).toContain(only('agents'));
    const queue = await finish(clone.run(['example', 'jobs/queue']));
    expect(queue.output).toContain(only('agents', 'examples/jobs/queue'));
    for (const words of [['check'], ['example', 'jobs/queue'], ['example']])
      expect((await finish(clone.run(words))).output).not.toContain('npm');
    const timer = await finish(clone.run(['example', 'jobs/timer']));
    expect(timer.output).toMatch(/npm install --no-save\n/);
    expect((await finish(clone.run(['hello']))).output).not.toContain('npm');
  });

  it('installs again what was installed when package-lock.json has changed', async () => {
    using clone = cloneOfThree();
    await clone.run(['example', 'jobs/queue']).ended;
    clone.lock({ 'examples/jobs/queue': { name: 'queue', version: '2.0.0' } });

    const { output } = await finish(clone.run(['check']));
    expect(output).toContain('--workspace=agents --workspace=examples/jobs/queue\n');
    expect((await finish(clone.run(['check']))).output).not.toContain('npm');
  });

  it('installs what the root has been given in package-lock.json since', async () => {
    using clone = cloneOfThree();
    await clone.run(['hello']).ended;
    clone.lock({ 'node_modules/added': { version: '1.0.0' } }, { added: '1.0.0' });

    expect((await finish(clone.run(['hello']))).output).toMatch(/npm install --no-save\n/);
  });

  it('removes a package that package-lock.json has no longer', async () => {
    using clone = cloneOfThree();
    clone.lock({ 'node_modules/old': { version: '1.0.0' } });
    await clone.run(['hello']).ended;
    clone.write('node_modules/old/package.json', '{}');
    clone.lock();

    await clone.run(['hello']).ended;
    expect(clone.has('node_modules/old')).toBe(false);
  });

  it('lets npm note in the lock what a package.json was given by hand', async () => {
    using clone = cloneOfThree();
    await clone.run(['example', 'jobs/queue']).ended;
    const manifest = { name: 'queue', version: '1.0.0', dependencies: { added: '1.0.0' } };
    clone.write('examples/jobs/queue/package.json', JSON.stringify(manifest));

    const { output } = await finish(clone.run(['example', 'jobs/queue']));
    expect(output).toContain('noting examples/jobs/queue/package.json in package-lock.json');
    expect(output).toMatch(/npm install --include-workspace-root --workspace=agents /);
  });

  it('keeps what is installed when npm cannot add to it', async () => {
    using clone = cloneOfThree();
    await clone.run(['check']).ended;

    expect(await clone.run(['hello'], { NPM_EXIT: '1' }).ended).toBe(2);
    expect(await finish(clone.run(['check']))).toEqual({ code: 7, output: 'hello []\n' });
  });
});
