import { join } from 'node:path';
import type { Client } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSearch } from '../library/search.ts';
import {
  connectClient,
  connectOldClient,
  REVISIONS,
  type ServerPlace,
} from '../testing/mcp-clients.ts';
import { buildTestLibrary } from '../testing/test-library.ts';
import { createServer } from './create-server.ts';
import { type HttpService, serveHttp } from './serve-http.ts';

const place = buildTestLibrary();
const program = [join(import.meta.dirname, '../testing/stdio-server.ts'), place.folder];
let service: HttpService;

beforeAll(async () => {
  const factory = createServer(place.library, createSearch(place.library));
  service = await serveHttp(factory, { port: 0 });
});

afterAll(async () => {
  await service.close();
  place[Symbol.dispose]();
});

const placeOf = (transport: string): ServerPlace =>
  transport === 'stdio' ? { program } : { url: service.url };

const CASES = ['stdio', 'http'].flatMap((transport) =>
  REVISIONS.map((revision) => [transport, revision] as const),
);

const ID = 'jobs/background-jobs';

describe.each(CASES)('over %s, in revision %s', (transport, revision) => {
  let client: Client;

  beforeAll(async () => {
    client = await connectClient(placeOf(transport), revision);
  });

  afterAll(() => client.close());

  it('lists its tools always in one order, and verify_pattern over stdio only', async () => {
    const { tools } = await client.listTools();
    const names = ['search_patterns', 'get_pattern', 'get_example_files', 'plan_add_pattern'];
    const local = transport === 'stdio' ? ['verify_pattern'] : [];
    expect(tools.map(({ name }) => name)).toEqual([...names, ...local, 'list_patterns']);
    for (const { annotations } of tools)
      expect(annotations).toEqual({
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: false,
      });
  });

  it('goes from a problem to the code that solves it', async () => {
    const call = (name: string, input: Record<string, unknown>) =>
      client.callTool({ name, arguments: input });
    const found = await call('search_patterns', { query: 'background jobs postgres' });
    expect(found.structuredContent).toMatchObject({ hits: { 0: { id: ID } } });
    const text = await call('get_pattern', { ids: [ID] });
    expect(text).toMatchObject({ content: [{ text: expect.stringContaining('## Rules') }] });
    const files = await call('get_example_files', { id: ID, paths: ['migration/schema.sql'] });
    expect(files).toMatchObject({ content: [{ text: expect.stringContaining('create table') }] });
  });

  it('has the index, each pattern and each area as resources', async () => {
    const { resources } = await client.listResources();
    expect(resources.map(({ uri }) => uri)).toEqual([
      'pattern://index',
      ...place.library.patterns.map(({ id }) => `pattern://${id}`),
    ]);
    for (const uri of ['pattern://index', `pattern://${ID}`, 'bundle://jobs/4k']) {
      const { contents } = await client.readResource({ uri });
      expect(contents).toMatchObject([{ uri, text: expect.stringContaining(ID) }]);
    }
  });

  it('completes areas, slugs and sizes', async () => {
    const complete = async (uri: string, name: string, value: string, known = {}) => {
      const { completion } = await client.complete({
        ref: { type: 'ref/resource', uri },
        argument: { name, value },
        context: { arguments: known },
      });
      expect(completion.total).toBeGreaterThanOrEqual(completion.values.length);
      return completion.values;
    };
    const pattern = 'pattern://{area}/{slug}';
    expect(await complete(pattern, 'area', 'jo')).toEqual(['jobs']);
    const jobs = place.library.patterns.filter(({ area }) => area === 'jobs');
    const slugs = jobs.map(({ id }) => id.replace('jobs/', ''));
    expect(await complete(pattern, 'slug', '', { area: 'jobs' })).toEqual(slugs);
    expect(await complete(pattern, 'slug', 'background-j')).toEqual(['background-jobs']);
    expect(await complete('bundle://{area}/{budget}', 'budget', '1')).toEqual(['16k']);
  });

  it('has prompts to apply a pattern and to review with some', async () => {
    const ask = async (name: string, input: Record<string, string>) =>
      JSON.stringify((await client.getPrompt({ name, arguments: input })).messages);
    expect(await ask('apply-pattern', { id: 'background-jobs' })).toContain('## Rules');
    expect(await ask('review-with-patterns', { topic: 'background jobs' })).toContain(ID);
  });

  it('answers what there is not with an error that names the nearest', async () => {
    const read = client.readResource({ uri: 'pattern://jobs/background-job' });
    await expect(read).rejects.toMatchObject({
      code: -32602,
      message: expect.stringContaining('Nearest: jobs/background-jobs, '),
    });
    await expect(client.readResource({ uri: 'bundle://jobs/5k' })).rejects.toThrow('4k, 16k, 64k');
    const prompt = client.getPrompt({ name: 'apply-pattern', arguments: { id: 'jbs' } });
    await expect(prompt).rejects.toThrow('Nearest: ');
    await expect(client.callTool({ name: 'nothing' })).rejects.toThrow('not found');
  });
});

describe.each(['stdio', 'http'])('over %s, to a client of the first SDK', (transport) => {
  it('says what it is for, lists its tools, and answers', async () => {
    await using client = await connectOldClient(placeOf(transport));
    expect(client.getServerVersion()).toMatchObject({ name: 'touchstone', version: '1.0.0' });
    expect(client.getInstructions()).toContain('search_patterns');
    const { tools } = await client.listTools();
    expect(tools.length).toBe(transport === 'stdio' ? 6 : 5);
    const result = await client.callTool({ name: 'get_pattern', arguments: { ids: [ID] } });
    expect(result).toMatchObject({ content: [{ text: expect.stringContaining('## Rules') }] });
  });
});

it('keeps what it lists and reads for an hour, for everybody, in the revision of today', async () => {
  await using client = await connectClient({ url: service.url });
  const kept = { ttlMs: 3_600_000, cacheScope: 'public' };
  expect(await client.listTools()).toMatchObject(kept);
  expect(await client.readResource({ uri: `pattern://${ID}` })).toMatchObject(kept);
});
