import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ROOT } from '../../scripts/files/root.ts';
import { createSearch } from '../library/search.ts';
import { buildTestLibrary, makeFolder } from '../testing/test-library.ts';
import { createServer } from './create-server.ts';
import { type HttpService, serveHttp } from './serve-http.ts';

// The other scenarios of the protocol's own suite call tools, prompts and resources by the names of
// its example server (test_simple_text, test://static-text …), or want logging, sampling,
// elicitation, progress, subscriptions or sessions, of which this server has none.
const SCENARIOS = [
  'server-initialize',
  'ping',
  'tools-list',
  'resources-list',
  'prompts-list',
  'dns-rebinding-protection',
];

const suite = join(ROOT, 'node_modules/@modelcontextprotocol/conformance/dist/index.js');
const place = buildTestLibrary();
const results = makeFolder();
let service: HttpService;

beforeAll(async () => {
  const factory = createServer(place.library, createSearch(place.library));
  service = await serveHttp(factory, { port: 0 });
});

afterAll(async () => {
  await service.close();
  place[Symbol.dispose]();
  results[Symbol.dispose]();
});

it.concurrent.each(SCENARIOS)('passes the scenario %s', async (scenario) => {
  const args = [suite, 'server', '--url', service.url, '--scenario', scenario];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: results.folder });
  expect(stdout).toMatch(/Passed: ([1-9]\d*)\/\1, 0 failed/);
});
