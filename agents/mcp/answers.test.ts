import type { CallToolResult, Client } from '@modelcontextprotocol/client';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../../scripts/files/root.ts';
import { countTokens } from '../generate/count-tokens.ts';
import { readTopics } from '../generate/read-topics.ts';
import type { Library } from '../library/open-library.ts';
import { NPX } from '../library/package-name.ts';
import { createSearch } from '../library/search.ts';
import { applyPlan } from '../project/apply-plan.ts';
import { planAdd } from '../project/plan-add.ts';
import { connectInMemory } from '../testing/mcp-clients.ts';
import { buildTestLibrary, makeProject } from '../testing/test-library.ts';
import { createServer } from './create-server.ts';

const place = buildTestLibrary();
const { library } = place;
const ids = library.patterns.map(({ id }) => id);
const areas = [...new Set(library.patterns.map(({ area }) => area))];
const ID = 'jobs/background-jobs';
/** What it builds on. */
const BASE = 'postgres/transactions-and-locking';
let local: Client;
let remote: Client;

const connect = (library: Library, isLocal: boolean) =>
  connectInMemory(createServer(library, createSearch(place.library), { isLocal })());

beforeAll(async () => {
  local = await connect(library, true);
  remote = await connect(library, false);
});

afterAll(async () => {
  await local.close();
  await remote.close();
  place[Symbol.dispose]();
});

type Input = Record<string, unknown>;

const call = (name: string, input: Input, client = local): Promise<CallToolResult> =>
  client.callTool({ name, arguments: input });

const textOf = ({ content }: CallToolResult): string =>
  content.map((part) => (part.type === 'text' ? part.text : '')).join('\n');

const dataOf = ({ structuredContent }: CallToolResult): Record<string, unknown> => ({
  ...(structuredContent as object),
});

async function ask(name: string, input: Input, client = local): Promise<string> {
  const result = await call(name, input, client);
  expect(result.isError, textOf(result)).toBeFalsy();
  return textOf(result);
}

async function askInVain(name: string, input: Input, client = local): Promise<string> {
  const result = await call(name, input, client);
  expect(result.isError, textOf(result)).toBe(true);
  return textOf(result);
}

/** The longer of what a client may show a model. */
const costOf = (result: CallToolResult): number =>
  Math.max(
    countTokens(textOf(result)),
    countTokens(JSON.stringify(result.structuredContent ?? null)),
  );

describe('what a model reads before it asks', () => {
  it('costs at most 1,000 tokens for the tools, and 100 for the instructions', async () => {
    const { tools } = await local.listTools();
    expect(countTokens(JSON.stringify({ tools }))).toBeLessThanOrEqual(1_000);
    expect(countTokens(local.getInstructions() ?? '')).toBeLessThanOrEqual(100);
  });

  it('costs no more when there are patterns in every area of the catalogue', async () => {
    const areas = [...new Set(readTopics(ROOT).map(({ id }) => id.replace(/\/.*/, '')))];
    const [like] = library.patterns;
    const patterns = areas.flatMap((area) => (like ? [{ ...like, area, id: `${area}/one` }] : []));
    const client = await connect({ ...library, patterns }, true);
    const { tools } = await client.listTools();
    expect(areas.length).toBeGreaterThan(15);
    expect(countTokens(JSON.stringify({ tools }))).toBeLessThanOrEqual(1_000);
    expect(countTokens(client.getInstructions() ?? '')).toBeLessThanOrEqual(100);
    await client.close();
  });
});

describe('an answer', () => {
  it('stays within 1,500 tokens, or those that were asked for', async () => {
    for (const id of ids) {
      const calls: [string, Input][] = [
        ['search_patterns', { query: id, limit: 10 }],
        ['get_pattern', { ids: [id, ID, 'ml/ab-testing'] }],
        ['get_example_files', { id }],
        ['plan_add_pattern', { id, withTests: true }],
      ];
      for (const [name, input] of calls)
        expect(costOf(await call(name, input, remote)), `${name} ${id}`).toBeLessThanOrEqual(1_500);
      const paths = await listPaths(id);
      for (const maxTokens of [300, 3_600, 8_000])
        for (const name of ['get_pattern', 'get_example_files']) {
          const result = await call(name, { ids: [id], detail: 'full', paths, maxTokens });
          expect(result.isError, textOf(result)).toBeFalsy();
          expect(costOf(result), `${name} ${id}`).toBeLessThanOrEqual(maxTokens);
        }
    }
  });

  it('is the same each time', async () => {
    const input = { query: 'a customer was charged twice', limit: 10 };
    expect(await call('search_patterns', input)).toEqual(await call('search_patterns', input));
  });
});

async function listPaths(id: string): Promise<string[]> {
  const lines = (await ask('get_example_files', { id, maxTokens: 8_000 })).split('\n');
  return lines.slice(1, 20).map((line) => line.replace(/ .*/, ''));
}

describe('search_patterns', () => {
  it('says in text and data the same', async () => {
    const result = await call('search_patterns', { query: 'background jobs postgres', limit: 1 });
    const [hit] = dataOf(result).hits as { id: string; summary: string }[];
    expect(hit?.id).toBe(ID);
    expect(textOf(result)).toContain(hit?.summary);
  });

  it('takes a word for a thing that models write', async () => {
    for (const name of ['q', 'text', 'keywords'])
      expect(await ask('search_patterns', { [name]: 'background jobs', category: 'jobs' })).toMatch(
        /^jobs\/background-jobs: /,
      );
  });

  it('says of a hit the symptom that is asked about, and what to do', async () => {
    expect(await ask('search_patterns', { query: 'customers get the same e-mail twice' })).toMatch(
      /Symptom: Customers get the same e-mail .* → .*`for update skip locked`/,
    );
  });

  it('names a planned topic beside its hits', async () => {
    const result = await call('search_patterns', { query: 'stripe payments' });
    const planned = 'integrations/payment-gateway-integration';
    expect(dataOf(result)).toMatchObject({ hits: [{}], planned });
    expect(textOf(result)).toMatch(new RegExp(`\\nPlanned, not written: .* \\(${planned}\\)\\.$`));
  });

  it('names the nearest and the areas when no pattern fits, and none when no word is known', async () => {
    const about = { query: 'knit a wool sweater row by row' };
    const { hits, nearest, areas } = await readData(about);
    expect(hits).toEqual([]);
    expect(nearest).toHaveLength(3);
    expect(areas).toContain('jobs');
    expect(await readData({ query: 'xqzv wvkq' })).toMatchObject({ hits: [], nearest: [] });
  });

  async function readData(input: Record<string, unknown>): Promise<Record<string, string[]>> {
    const { structuredContent } = await call('search_patterns', input);
    return structuredContent as Record<string, string[]>;
  }

  it.each([
    [{}, 'query'],
    [{ query: ' ' }, 'query'],
    [{ query: 'x'.repeat(20_001) }, 'query'],
    [{ query: 'jobs', limit: 11 }, 'limit'],
    [{ query: 'jobs', area: 'job' }, `one of ${areas.sort().join(', ')}`],
  ])('refuses %j', async (input, word) => {
    expect(await askInVain('search_patterns', input)).toContain(word);
  });
});

describe('get_pattern', () => {
  it('takes an id, a slug, a URI, and one without brackets', async () => {
    const text = await ask('get_pattern', { ids: [ID] });
    for (const word of ['background-jobs', `pattern://${ID}`, ' Jobs/Background-Jobs '])
      for (const name of ['ids', 'id', 'pattern', 'name', 'patternId'])
        expect(await ask('get_pattern', { [name]: word })).toBe(text);
  });

  it('gives each pattern in the longest text that fits, and says what would give more', async () => {
    const three = [ID, 'ml/ab-testing', 'storage/file-security-scanning'];
    const short = await ask('get_pattern', { ids: three });
    expect(short.match(/^# /gm)).toHaveLength(3);
    const needed = Number(/all need maxTokens (\d+)/.exec(short)?.[1]);
    const whole = await ask('get_pattern', { ids: three, maxTokens: needed });
    expect(whole).not.toContain('Shortened');
    expect(whole.match(/^## Rules/gm)).toHaveLength(3);
  });

  it('names the nearest three of an id that is wrong', async () => {
    expect(await askInVain('get_pattern', { ids: ['jobs/background-job'] })).toMatch(
      /^There is no pattern "jobs\/background-job"\. Nearest: jobs\/background-jobs, \S+, \S+\.$/,
    );
    expect(await askInVain('get_pattern', { ids: ['zzzz'] })).toMatch(/Nearest: \S+, \S+, \S+\.$/);
    expect(await askInVain('get_pattern', { ids: [ID, ID, ID, ID] })).toContain('ids');
  });
});

describe('get_example_files', () => {
  it('lists every file with its size, and reads what it lists', async () => {
    const list = await ask('get_example_files', { id: ID });
    for (const { role, path, tokens } of library.readManifest(ID).files) {
      expect(list).toContain(`${role}/${path} `);
      const text = await ask('get_example_files', {
        id: ID,
        paths: [`${role}/${path}`],
        maxTokens: tokens + 300,
      });
      expect(text).toMatch(new RegExp(`^\`\`\`\\w+ file="${role}/${path}"\n`));
    }
  });

  it('tells apart a migration and a file of a test that have one name', async () => {
    const read = (path: string) => ask('get_example_files', { id: ID, path });
    expect(await read('migration/schema.sql')).not.toBe(await read('test/schema.sql'));
    expect(await read('schema.sql')).toBe(await read('migration/schema.sql'));
    expect(await read('job-queue.ts#enqueue')).toBe(await read('pattern/job-queue.ts'));
  });

  it('cuts at whole files, and says what it left out', async () => {
    const paths = ['failures.proof.ts', 'job.ts', 'job-outcomes.ts'];
    const text = await ask('get_example_files', { id: ID, paths });
    expect(text).toContain('file="pattern/job.ts"');
    expect(text).toContain('file="pattern/job-outcomes.ts"');
    expect(text).toMatch(/Left out, with their tokens: test\/failures\.proof\.ts \(\d+\)/);
    const maxTokens = Number(/maxTokens (\d+)/.exec(text)?.[1]);
    const whole = await ask('get_example_files', { id: ID, paths, maxTokens });
    expect(whole).not.toContain('Left out');
  });

  it('names the nearest three of a path that is wrong, and reads nothing else', async () => {
    for (const path of ['job-quue.ts', '../manifest.json', '/etc/passwd', 'manifest.json'])
      expect(await askInVain('get_example_files', { id: ID, paths: [path] })).toMatch(
        /has no file .* Nearest: \S+, \S+, \S+\.$/,
      );
  });
});

describe('list_patterns', () => {
  it('lists those of an area, each with a symptom', async () => {
    const jobs = ids.filter((id) => id.startsWith('jobs/'));
    const lines = (await ask('list_patterns', { category: 'jobs' })).split('\n');
    expect(lines.map((line) => line.replace(/: .+/, ''))).toEqual(jobs);
    expect(lines.filter((line) => !line.includes(': '))).toEqual([]);
    expect(await askInVain('list_patterns', { area: 'job' })).toContain(`one of ${areas[0]}`);
  });

  it('lists all, each with a symptom, when they fit', async () => {
    const text = await list(resize(10));
    expect(text.split('\n').map((line) => line.replace(/: .+/, ''))).toEqual(idsOf(resize(10)));
  });

  it('lists each area with its slugs when no more fits, and says how to get the symptoms', async () => {
    const all = catalogue();
    const lines = (await list(all)).split('\n');
    expect(lines.pop()).toMatch(/Name an area for the symptoms/);
    expect(lines.flatMap(readIds)).toEqual(idsOf(all));
  });

  it('says how many each area has when not even the slugs fit', async () => {
    const text = await list(resize(2_000));
    expect(text).toMatch(/^auth: \d+$/m);
    expect(text).toMatch(/Name an area for its patterns\.$/);
  });

  it('keeps the ids of an area, and then the first, when there are too many', async () => {
    const [like] = library.patterns;
    const fill = (count: number): Library => ({
      ...library,
      patterns: Array.from({ length: count }, (_, index) => ({
        ...(like ?? expect.fail('the library is empty')),
        area: 'auth',
        id: `auth/pattern-${index}`,
      })),
    });
    expect((await list(fill(90), 'auth')).split('\n')).toHaveLength(91);
    const text = await list(fill(900), 'auth');
    expect(text).toMatch(/^auth\/pattern-0$/m);
    expect(text).toMatch(/The area has 900: search_patterns finds the others\.$/);
  });

  /** What is listed, which costs no more than any answer. */
  async function list(of: Library, area?: string): Promise<string> {
    const client = await connect(of, false);
    const result = await call('list_patterns', { area }, client);
    expect(costOf(result)).toBeLessThanOrEqual(1_500);
    await client.close();
    return textOf(result);
  }

  const readIds = (line: string): string[] => {
    const [area = '', slugs = ''] = line.split(': ');
    return slugs.split(', ').map((slug) => `${area}/${slug}`);
  };

  const idsOf = ({ patterns }: Library): string[] => patterns.map(({ id }) => id);
});

/** A library of that many patterns: those there are, again and again, under other ids. */
function resize(count: number): Library {
  const patterns = Array.from({ length: count }, (_, index) => {
    const like = library.patterns[index % ids.length] ?? expect.fail('the library is empty');
    return { ...like, id: `${like.area}/${index}` };
  });
  return { ...library, patterns: patterns.sort((a, b) => (a.id < b.id ? -1 : 1)) };
}

/** A library that has a pattern for each topic of the catalogue. */
function catalogue(): Library {
  const patterns = readTopics(ROOT).map(({ id }, index) => {
    const like = library.patterns[index % ids.length] ?? expect.fail('the library is empty');
    return { ...like, id, area: id.replace(/\/.*/, '') };
  });
  return { ...library, patterns: patterns.sort((a, b) => (a.id < b.id ? -1 : 1)) };
}

describe('plan_add_pattern', () => {
  it('plans for a project on this machine what the command would do, and writes nothing', async () => {
    using app = makeProject({ 'src/a.ts': '', 'pnpm-lock.yaml': '', 'migrations/0007_a.sql': '' });
    const { structuredContent } = await call('plan_add_pattern', { id: ID, dir: app.folder });
    const plan = planAdd(library, app.project, [ID]);
    expect(structuredContent).toMatchObject({
      patterns: [BASE, 'jobs/worker-loop', ID],
      files: plan.files.map(({ path, state }) => ({ path, state })),
      packages: plan.packages,
      next: plan.next,
      command: `${NPX} add ${ID}`,
    });
    expect(app.project.list('src')).toEqual(['a.ts']);
    expect(JSON.stringify(structuredContent)).toContain('migrations/0008_background_jobs.sql');
  });

  it('plans for a project elsewhere from what it is told', async () => {
    const input = {
      id: ID,
      srcDir: 'lib/patterns',
      migrations: 'db',
      imports: 'js',
      packageManager: 'pnpm',
      deps: { pg: '^8.23.1' },
    };
    const data = dataOf(await call('plan_add_pattern', input, remote));
    expect(data).toMatchObject({
      files: expect.arrayContaining([
        expect.objectContaining({
          path: 'lib/patterns/background-jobs/job-queue.ts',
          state: 'write',
        }),
      ]),
      packages: { devDependencies: { '@types/pg': '8.23.1' } },
      next: { 0: expect.stringContaining('Install the packages: pnpm install (') },
      command: `${NPX} add ${ID} --dir lib/patterns --migrations db --imports js`,
    });
    expect(JSON.stringify(data.packages)).not.toContain('"pg"');
  });

  it('reads no folder for somebody elsewhere, and never another than a project', async () => {
    for (const name of ['dir', 'cwd', 'root'])
      expect(await askInVain('plan_add_pattern', { id: ID, [name]: '/etc' }, remote)).toContain(
        'reads no folder over HTTP',
      );
    expect(await askInVain('plan_add_pattern', { id: ID, dir: '/not/there' })).toContain(
      'no folder',
    );
    expect(await askInVain('plan_add_pattern', { id: ID, dir: place.folder })).toContain(
      'has no package.json',
    );
    for (const directory of ['../x', '/x', 'a/../../x', 'a\\b', ''])
      expect(await askInVain('plan_add_pattern', { id: ID, directory }, remote)).toContain(
        'a folder inside the project',
      );
  });
});

describe('verify_pattern', () => {
  it('passes what was just added, and says what is wrong with what was changed', async () => {
    using app = makeProject();
    expect(await askInVain('verify_pattern', { dir: app.folder })).toContain('has no pattern yet');
    applyPlan(library, app.project, planAdd(library, app.project, [ID]));
    const passed = await call('verify_pattern', { dir: app.folder });
    expect(passed.structuredContent).toMatchObject({
      passed: true,
      patterns: [{ id: ID }, { id: 'jobs/worker-loop' }, { id: BASE }],
    });
    app.project.remove('patterns/background-jobs/job-queue.ts');
    const failed = await call('verify_pattern', { dir: app.folder, id: 'background-jobs' });
    expect(failed.structuredContent).toMatchObject({ passed: false });
    expect(textOf(failed)).toMatch(/failed\n- issue: .*is missing/);
  });
});

it('answers any input whatever, with an error at most, and never a fault of its own', async () => {
  const { tools } = await local.listTools();
  const names = tools.flatMap(({ inputSchema }) => Object.keys(inputSchema.properties ?? {}));
  const value = fc.oneof(
    fc.constantFrom(ID, 'jobs', '.', '/', '..', '\0', 'full', 'test/schema.sql', 'a/b/c'),
    fc.jsonValue({ maxDepth: 2 }),
  );
  const input = fc.dictionary(fc.constantFrom(...names, 'q', 'pattern', '__proto__'), value);
  const tool = fc.constantFrom(...tools.map(({ name }) => name));
  await fc.assert(
    fc.asyncProperty(tool, input, fc.boolean(), async (name, input, isLocal) => {
      const isRemote = !isLocal && name !== 'verify_pattern';
      const result = await call(name, input, isRemote ? remote : local);
      expect(textOf(result)).not.toBe('');
      expect(textOf(result)).not.toMatch(/^\w+ failed: /);
      expect(costOf(result)).toBeLessThanOrEqual(8_000);
    }),
    { seed: 1, numRuns: 300 },
  );
});
