import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { buildCli } from '../testing/build-cli.ts';
import { makeFolder, makeProject } from '../testing/test-library.ts';
import { listCommands } from './command-list.ts';

const cli = await buildCli('1.2.3');
const project = makeProject();
const empty = makeFolder();

afterAll(() => {
  cli[Symbol.dispose]();
  project[Symbol.dispose]();
  empty[Symbol.dispose]();
});

function run(words: string[], environment: NodeJS.ProcessEnv = {}, cwd = project.folder) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli.program, ...words], {
    cwd,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, ...environment },
  });
  return { code: status, out: stdout, errors: stderr };
}

describe('touchstone', () => {
  it('says what it can do, and each command shows examples', () => {
    const { out } = run(['--help']);
    for (const [name] of listCommands()) {
      expect(out).toContain(`  ${name} `);
      expect(run([name, '--help']).out).toMatch(new RegExp(`^touchstone ${name}[\\s\\S]*\\n  \\S`));
    }
    expect(run([]).out).toBe(out);
    expect(run(['help', 'add']).out).toBe(run(['add', '--help']).out);
  });

  it('says its version', () => {
    expect(run(['--version']).out).toBe('1.2.3\n');
  });

  it('prints no colour into a pipe, nor where NO_COLOR is set', () => {
    const colour = String.fromCharCode(27);
    expect(run(['--help']).out).not.toContain(colour);
    expect(run(['--help'], { FORCE_COLOR: '1' }).out).toContain(colour);
    expect(run(['--help'], { FORCE_COLOR: '1', NO_COLOR: '1' }).out).not.toContain(colour);
  });

  it.each([
    [['lst'], 'there is no command "lst": did you mean list?'],
    [['show'], 'name a pattern'],
    [['show', 'background-job'], 'did you mean jobs/background-jobs'],
    [['show', 'background-jobs', '--detail', 'all'], '--detail must be one of'],
    [['show', 'background-jobs', '--file', 'job-queu.ts'], 'did you mean job-queue.ts,'],
    [['list', '--area', 'job'], 'there is no area "job"'],
    [['search'], 'name what to search for'],
    [['search', 'jobs', '--limit', '0'], '--limit must be a whole number'],
    [['list', '--nope'], "Unknown option '--nope'"],
    [['verify'], 'has no pattern yet'],
    [['add', 'background-jobs', '--imports', 'cjs'], 'imports must be "ts" or "js"'],
    [['add', 'background-jobs', '--dir', '../x'], 'it goes up with ..'],
    [['add', 'background-jobs', '--cwd', '/not/there'], 'there is no folder /not/there'],
    [['create'], 'name one folder: touchstone create <folder>'],
    [['create', 'a', 'b'], 'name one folder'],
    [['create', '.'], 'is not empty: name another folder'],
    [['create', 'shop', '--with', 'background-job'], 'did you mean jobs/background-jobs'],
    [['mcp', '--port', '8931'], '--port needs --http'],
    [['help', 'ad'], 'did you mean add?'],
  ])('ends with 2 and one sentence for %j', (words, sentence) => {
    const { code, out, errors } = run(words);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(errors).toContain(sentence);
    expect(errors).not.toContain('    at ');
  });

  it('tells a mistake as JSON to who asked for JSON', () => {
    const { code, out } = run(['show', 'nothing-like-it', '--json']);
    expect(code).toBe(2);
    expect(JSON.parse(out).error).toContain('there is no pattern');
  });

  it('wants a project to add to', () => {
    expect(run(['add', 'background-jobs'], {}, empty.folder)).toMatchObject({
      code: 2,
      errors: expect.stringContaining('run npm init'),
    });
  });
});

it('changes nothing of a project while another command does', async () => {
  using held = makeProject();
  run(['add', 'background-jobs'], {}, held.folder);
  const before = held.project.read('touchstone.lock.json');
  held.project.write(`.touchstone.tmp/${process.pid}`, '');
  const names = ['add', 'update', 'remove', 'init'];
  const ended = await Promise.allSettled(
    names.map((name) => {
      const words = name === 'init' ? [] : ['background-jobs'];
      return promisify(execFile)(process.execPath, [cli.program, name, ...words], {
        cwd: held.folder,
      });
    }),
  );
  const refusal = `another command (process ${process.pid}) is changing this project`;
  for (const one of ended)
    expect(one).toMatchObject({
      reason: { code: 2, stderr: expect.stringContaining(refusal) },
    });
  expect(held.project.read('touchstone.lock.json')).toBe(before);
});

describe('a search', () => {
  it('says of a hit the symptom that is asked about, and what to do', () => {
    expect(run(['search', 'customers get the same e-mail twice']).out).toMatch(
      /^jobs\/background-jobs\t.*\tCustomers get the same e-mail .* → .*`for update skip locked`/,
    );
  });

  it('names a planned topic after its hits, and instead of hits', () => {
    expect(run(['search', 'stripe', 'payments']).out).toMatch(
      /^integrations\/webhook-receiving\t.*\nPlanned, not written: .* \(integrations\/payment-gateway-integration\)\n$/,
    );
    const { code, out } = run(['search', "ILIKE '%term%' is slow"]);
    expect(code).toBe(1);
    expect(out).toMatch(
      /^No pattern fits\.\nPlanned, not written: .* \(postgres\/full-text-search\)/,
    );
  });
});

describe('a pattern on its way into a project', () => {
  it('is found, shown, planned, added, verified, compared and removed', () => {
    expect(run(['search', 'webhook', 'signature']).out).toMatch(
      /^integrations\/webhook-receiving\t/,
    );
    expect(run(['show', 'webhook-receiving']).out).toMatch(/^# /);
    const plan = run(['add', 'webhook-receiving', '--dry-run', '--json']);
    expect(JSON.parse(plan.out)).toMatchObject({
      isDry: true,
      patterns: [
        'api-design/error-handling',
        'postgres/transactions-and-locking',
        'jobs/worker-loop',
        'jobs/background-jobs',
        'integrations/webhook-receiving',
      ],
    });
    expect(project.project.list('.')).toEqual(['package.json']);

    expect(run(['add', 'webhook-receiving']).out).toContain(
      '+ patterns/webhook-receiving/signatures.ts',
    );
    expect(run(['verify'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('✓ integrations/'),
    });
    expect(run(['diff'])).toEqual({ code: 0, out: '', errors: '' });

    const file = 'patterns/webhook-receiving/signatures.ts';
    project.project.write(file, `${project.project.read(file)}// mine\n`);
    expect(run(['diff'])).toMatchObject({ code: 1, out: expect.stringContaining('+// mine') });
    const dry = run(['remove', 'webhook-receiving', '--dry-run']).out;
    expect(dry).toMatch(/^Nothing was written.*\n\n.*read-body.ts {2}removed\n/s);
    expect(run(['update', '--dry-run']).out).toBe('Nothing is new.\n');
    const packages = JSON.parse(project.project.read('package.json') ?? '');
    packages.dependencies.pg = '7.0.0';
    project.project.write('package.json', JSON.stringify(packages));
    expect(run(['update', '--dry-run']).out).toMatch(/^pg is 7\.0\.0 here/);
    expect(run(['remove', 'webhook-receiving']).out).toContain(`${file}  you edited it: it stays`);
    expect(project.project.list('patterns/webhook-receiving')).toEqual(['signatures.ts']);
  });

  it('leaves packages, and says how those that nothing needs any more are removed', () => {
    using place = makeProject({ 'pnpm-lock.yaml': '' });
    run(['add', 'transactions-and-locking'], {}, place.folder);
    const { out } = run(['remove', 'transactions-and-locking'], {}, place.folder);
    expect(out).toMatch(/\nUnless your own code imports them: pnpm remove @types\/pg pg\n$/);
  });

  it('is known to the AI tools of the project after init, and no more after its removal', () => {
    expect(run(['init']).out).toBe('AGENTS.md  created\nCLAUDE.md  created\n');
    expect(project.project.read('AGENTS.md')).toContain('background-jobs:');
    expect(run(['init']).out).toContain('AGENTS.md  is up to date');
    run(['init', '--remove']);
    expect(project.project.read('AGENTS.md')).toBeUndefined();
  });

  it('is added to a service that was created, which says what is next', () => {
    using place = makeFolder();
    const words = ['create', 'shop', '--with', 'webhook-receiving', '--cwd', place.folder];
    const { code, out } = run(words);
    expect(code).toBe(0);
    expect(out).toContain('+ src/serve.ts\n');
    expect(out.match(/^\d+\. .*npm install.*/gm)).toEqual([
      expect.stringMatching(/^2\. Install the packages, and this one with them: run `npm pack/),
    ]);
    expect(out).toMatch(/\d+\. Start it: npm start/);
    expect(out).toContain(
      'Read what the start applies: src/migrations/0004-webhook-receiving.up.sql.',
    );
    expect(run(['verify'], {}, join(place.folder, 'shop')).out).not.toContain('✗');
    expect(run(['create', 'other', '--json', '--cwd', place.folder]).out).toContain(
      '"name": "other"',
    );
  });

  it('is listed for a new service unless that has it, a line each', () => {
    const { out } = run(['create', '--list']);
    expect(out).toMatch(/^integrations\/webhook-receiving\t\S/m);
    expect(out).not.toContain('jobs/background-jobs');
    expect(run(['create', '--list', '--json']).out).toContain(
      '"id": "integrations/webhook-receiving"',
    );
  });

  it('lists what it can do by id, a line each, for other programs', () => {
    const lines = run(['list']).out.trimEnd().split('\n');
    const ids = JSON.parse(run(['list', '--json']).out).map(({ id }: { id: string }) => id);
    expect(lines.map((line) => line.split('\t')[0])).toEqual(ids);
  });
});
