import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, expect, it } from 'vitest';
import { buildTestLibrary } from '../testing/test-library.ts';

const place = buildTestLibrary();
const program = join(import.meta.dirname, '../testing/stdio-server.ts');

afterAll(() => place[Symbol.dispose]());

type Message = { id?: unknown; result?: unknown; error?: { code: number } };

/** A server in a process of its own, and the lines that it writes; each must be of the protocol. */
function start(...words: string[]) {
  const child = spawn(process.execPath, [program, place.folder, ...words]);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const receive = async (): Promise<Message> => JSON.parse((await lines.next()).value ?? '');
  /** Answers come in the order in which they are ready: here they are by id. */
  const receiveAll = async (count: number): Promise<Map<unknown, Message>> => {
    const messages = new Map<unknown, Message>();
    for (let left = count; left > 0; left--) {
      const message = await receive();
      messages.set(message.id, message);
    }
    return messages;
  };
  const send = (...texts: string[]) => child.stdin.write(texts.map((text) => `${text}\n`).join(''));
  return { child, send, receive, receiveAll, lines };
}

const write = (id: number, method: string, params: object = {}) =>
  JSON.stringify({ jsonrpc: '2.0', id, method, params });

const HELLO = write(1, 'initialize', {
  protocolVersion: '2025-06-18',
  capabilities: {},
  clientInfo: { name: 'by hand', version: '1' },
});

async function exitCodeOf(child: ChildProcess): Promise<number | null> {
  const [code] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode];
  return code;
}

it('answers a client with the handshake of 2025, and ends when the client leaves', async () => {
  const { child, send, receiveAll, lines } = start();
  send(HELLO, write(2, 'ping'));
  const answers = await receiveAll(2);
  expect(answers.get(1)).toMatchObject({ result: { protocolVersion: '2025-06-18' } });
  expect(answers.get(2)).toMatchObject({ result: {} });
  child.stdin.end();
  expect(await exitCodeOf(child)).toBe(0);
  expect((await lines.next()).done).toBe(true);
});

it('goes on after rubbish, and answers a method that there is not with an error', async () => {
  const { child, send, receiveAll } = start();
  send('rubbish', '{}', '[]', 'null', '{"jsonrpc":"1.0"}', '', HELLO, write(2, 'no/such'));
  expect((await receiveAll(2)).get(2)).toMatchObject({ error: { code: -32601 } });
  send('{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":7}}', write(4, 'ping'));
  const answers = await receiveAll(2);
  expect(answers.get(3)).toMatchObject({ error: { code: -32602 } });
  expect(answers.get(4)).toMatchObject({ result: {} });
  child.stdin.end();
  expect(await exitCodeOf(child)).toBe(0);
});

it('answers 200 calls that come at once, each once', async () => {
  const { child, send, receiveAll } = start();
  const call = { name: 'search_patterns', arguments: { query: 'jobs' } };
  send(HELLO, ...Array.from({ length: 200 }, (_, index) => write(index + 2, 'tools/call', call)));
  expect((await receiveAll(201)).size).toBe(201);
  child.stdin.end();
  expect(await exitCodeOf(child)).toBe(0);
});

it('leaves at once when nobody is there', async () => {
  const { child } = start();
  child.stdin.end();
  expect(await exitCodeOf(child)).toBe(0);
});

it('leaves when a line never ends', async () => {
  const { child } = start();
  child.stdin.on('error', () => undefined).write('x'.repeat(2 * 1024 * 1024));
  expect(await exitCodeOf(child)).toBe(0);
});

it.each(['SIGINT', 'SIGTERM'] as const)(
  'ends in peace at %s, over stdio and HTTP',
  async (signal) => {
    const stdio = start();
    stdio.send(HELLO);
    await stdio.receive();
    stdio.child.kill(signal);
    expect(await exitCodeOf(stdio.child)).toBe(0);
    const http = start('0');
    expect((await http.lines.next()).value).toMatch(/^MCP at http:\/\/127\.0\.0\.1:\d+\/mcp/);
    http.child.kill(signal);
    expect(await exitCodeOf(http.child)).toBe(0);
  },
);
