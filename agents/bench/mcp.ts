import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, createServer, request as sendRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT } from '../../scripts/files/root.ts';
import { buildPackage } from '../generate/build-package.ts';
import { openLibrary } from '../library/open-library.ts';
import { createSearch } from '../library/search.ts';
import { createServer as createMcp } from '../mcp/create-server.ts';
import { serveHttp } from '../mcp/serve-http.ts';

// What the MCP server costs: its start and memory over stdio beside Node alone, and its requests
// over HTTP beside a node:http handler that parses the same JSON and answers the same bytes.
const STARTS = 7;
const ROUNDS = 5;
const REQUESTS = 600;

const agent = new Agent({ keepAlive: true });

const HELLO = {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'bench', version: '1' },
};

const CALLS = {
  search_patterns: writeCall('tools/call', {
    name: 'search_patterns',
    arguments: { query: 'webhook signature idempotency' },
  }),
  get_pattern: writeCall('tools/call', {
    name: 'get_pattern',
    arguments: { ids: ['jobs/background-jobs'] },
  }),
};

await buildPackage(ROOT);
const cli = join(ROOT, 'agents/dist/cli.js');
await printStart();
await printRequests();

async function printStart(): Promise<void> {
  const runs = [];
  for (let run = 0; run < STARTS; run++) runs.push(await measureStart());
  const ours = median(runs.map(({ ms }) => ms));
  const node = median(Array.from({ length: STARTS }, measureNode));
  const memory = median(runs.map(({ mb }) => mb));
  console.log(
    `stdio: first answer after ${ours.toFixed(0)} ms, ${(ours / node).toFixed(1)} times Node alone`,
  );
  console.log(`stdio: ${memory.toFixed(0)} MB resident after it`);
}

async function measureStart(): Promise<{ ms: number; mb: number }> {
  const begin = performance.now();
  const child = spawn(process.execPath, [cli, 'mcp'], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.write(`${writeCall('initialize', HELLO)}\n`);
  await once(createInterface({ input: child.stdout }), 'line');
  const ms = performance.now() - begin;
  const kilobytes = execFileSync('ps', ['-o', 'rss=', '-p', String(child.pid)], {
    encoding: 'utf8',
  });
  child.stdin.end();
  await once(child, 'exit');
  return { ms, mb: Number(kilobytes) / 1024 };
}

function measureNode(): number {
  const begin = performance.now();
  execFileSync(process.execPath, ['-e', '']);
  return performance.now() - begin;
}

async function printRequests(): Promise<void> {
  const library = openLibrary(join(ROOT, 'agents/dist/library'));
  const rate = { burst: Number.MAX_SAFE_INTEGER, perSecond: 1 };
  const mcp = await serveHttp(createMcp(library, createSearch(library)), {
    port: 0,
    limits: { rate },
  });
  console.log('requests a second        at once   MCP   node:http   ratio');
  for (const [name, body] of Object.entries(CALLS)) {
    const plain = await servePlain(await post(mcp.url, body));
    for (const atOnce of [1, 16]) {
      const ours: number[] = [];
      const theirs: number[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        ours.push(await measureRate(mcp.url, body, atOnce));
        theirs.push(await measureRate(plain.url, body, atOnce));
      }
      printRow(name, atOnce, median(ours), median(theirs));
    }
    await plain.close();
  }
  agent.destroy();
  await mcp.close();
}

function printRow(name: string, atOnce: number, ours: number, theirs: number): void {
  const cells = [String(atOnce), ours.toFixed(0), theirs.toFixed(0), (ours / theirs).toFixed(2)];
  console.log(name.padEnd(24) + cells.map((cell) => cell.padStart(8)).join(' '));
}

async function servePlain(answer: string) {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    JSON.parse(body);
    response.setHeader('content-type', 'application/json').end(answer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { url: `http://127.0.0.1:${port}/mcp`, close };
}

async function measureRate(url: string, body: string, atOnce: number): Promise<number> {
  const begin = performance.now();
  let left = REQUESTS;
  const work = async () => {
    while (left-- > 0) await post(url, body);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return REQUESTS / ((performance.now() - begin) / 1_000);
}

async function post(url: string, body: string): Promise<string> {
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'content-length': Buffer.byteLength(body),
  };
  const request = sendRequest(url, { method: 'POST', agent, headers });
  request.end(body);
  const [response] = await once(request, 'response');
  if (response.statusCode !== 200) throw new Error(`answered ${response.statusCode}`);
  let text = '';
  for await (const chunk of response) text += chunk;
  return text;
}

function writeCall(method: string, params: object): string {
  return JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
