import { once } from 'node:events';
import { request as sendRequest } from 'node:http';
import { connect } from 'node:net';
import { McpServer } from '@modelcontextprotocol/server';
import { describe, expect, it } from 'vitest';
import { type HttpOptions, serveHttp } from './serve-http.ts';

const factory = () => new McpServer({ name: 'test', version: '1.0.0' });

async function start(options: HttpOptions = {}) {
  const { url, close } = await serveHttp(factory, { port: 0, ...options });
  return { url, port: Number(new URL(url).port), close, [Symbol.asyncDispose]: close };
}

const PING = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' });

const HEADERS = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
};

type Sent = { method?: string; path?: string; headers?: Record<string, string>; body?: string };
type Answered = { status: number; headers: Record<string, unknown>; text: string };

/** By hand: `fetch` sets the Host itself. */
async function send(url: string, sent: Sent = {}): Promise<Answered> {
  const { method = 'POST', path = '/mcp', headers = {}, body = PING } = sent;
  const length = String(Buffer.byteLength(body));
  const request = sendRequest(new URL(path, url), {
    method,
    agent: false,
    headers: { ...HEADERS, 'content-length': length, ...headers },
  });
  request.end(body);
  const [response] = await once(request, 'response');
  let text = '';
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode, headers: response.headers, text };
}

const statusOf = async (url: string, sent?: Sent) => (await send(url, sent)).status;

describe('the HTTP server', () => {
  it('listens on this machine alone, where it says, unless it is told to be public', async () => {
    await using here = await start();
    expect(here.url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*\/mcp$/);
    expect(await send(here.url)).toMatchObject({
      status: 200,
      text: expect.stringContaining('"id":1'),
    });
    await expect(start({ host: '0.0.0.0' })).rejects.toThrow(/add --public/);
    await using everywhere = await start({ public: true });
    expect(everywhere.url).toMatch(/^http:\/\/0\.0\.0\.0:/);
    await using six = await start({ host: '::1' });
    expect(await statusOf(six.url)).toBe(200);
  });

  it('refuses a Host and an Origin that are not of this machine', async () => {
    await using here = await start();
    const refused = [
      { host: 'evil.example' },
      { host: `127.0.0.1.evil.example:${here.port}` },
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: 'rubbish' },
    ];
    for (const headers of refused) expect(await statusOf(here.url, { headers })).toBe(403);
    const taken = [{ host: 'localhost' }, { origin: `http://localhost:${here.port}` }];
    for (const headers of taken) expect(await statusOf(here.url, { headers })).toBe(200);
  });

  it('takes, when public, the names it is given, and pages from there alone', async () => {
    await using named = await start({ public: true, names: ['patterns.example'] });
    const ask = (headers: Record<string, string>) => statusOf(named.url, { headers });
    expect(await ask({ host: 'patterns.example' })).toBe(200);
    expect(await ask({ host: 'patterns.example', origin: 'https://patterns.example' })).toBe(200);
    expect(await ask({ host: 'other.example' })).toBe(403);
    await using open = await start({ public: true });
    const other = { host: 'other.example' };
    expect(await statusOf(open.url, { headers: other })).toBe(200);
    const headers = { ...other, origin: 'https://evil.example' };
    expect(await statusOf(open.url, { headers })).toBe(403);
  });

  it('answers each mistake with the status it has', async () => {
    await using here = await start();
    const big = 'x'.repeat(64 * 1024 + 1);
    const cases: [Sent, number][] = [
      [{ path: '/' }, 404],
      [{ path: '/mcp/' }, 404],
      [{ method: 'GET', body: '' }, 405],
      [{ method: 'DELETE', body: '' }, 405],
      [{ method: 'OPTIONS', body: '' }, 405],
      [{ body: '{rubbish' }, 400],
      [{ body: '' }, 400],
      [{ body: '[]' }, 400],
      [{ body: 'null' }, 400],
      [{ body: big }, 413],
      [{ headers: { 'content-type': 'text/plain' } }, 415],
      [{ headers: { accept: 'text/html' } }, 406],
      [{ headers: { 'mcp-protocol-version': '1999-01-01' } }, 400],
    ];
    for (const [sent, status] of cases)
      expect(await statusOf(here.url, sent), JSON.stringify(sent).slice(0, 80)).toBe(status);
    expect((await send(here.url, { method: 'GET', body: '' })).headers.allow).toBe('POST');
    const unknown = { jsonrpc: '2.0', id: 7, method: 'no/such' };
    expect((await send(here.url, { body: JSON.stringify(unknown) })).text).toContain('-32601');
  });

  it('reads no body whose length it is not told', async () => {
    await using here = await start();
    const request = sendRequest(here.url, { method: 'POST', headers: HEADERS, agent: false });
    request.on('error', () => undefined).write('{');
    const [response] = await once(request, 'response');
    expect(response.statusCode).toBe(411);
    request.destroy();
  });

  it('answers 200 requests at once, those over the rate with 429 and how long to wait', async () => {
    await using here = await start({ limits: { rate: { burst: 100, perSecond: 0.001 } } });
    const answers = await Promise.all(Array.from({ length: 200 }, () => send(here.url)));
    const refused = answers.filter(({ status }) => status === 429);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(100);
    expect(refused).toHaveLength(100);
    expect(Number(refused[0]?.headers['retry-after'])).toBeGreaterThan(900);
  });

  it('drops a caller who does not finish a request', async () => {
    await using here = await start({ limits: { requestMs: 50 } });
    const socket = connect(here.port, '127.0.0.1');
    socket.write('POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{');
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toContain('408 Request Timeout');
    await once(socket, 'close');
  });

  it('acknowledges a subscription and ends it, for nothing here changes', async () => {
    await using here = await start();
    const { text } = await send(here.url, { body: LISTEN, headers: LISTEN_HEADERS });
    expect(text).toContain('notifications/subscriptions/acknowledged');
    expect(text).toContain('"resultType":"complete"');
  });

  it('stops though one connection is kept and another is in the middle of a request', async () => {
    const here = await start({ limits: { graceMs: 10 } });
    const idle = connect(here.port, '127.0.0.1').resume();
    const busy = connect(here.port, '127.0.0.1').resume();
    await Promise.all([once(idle, 'connect'), once(busy, 'connect')]);
    busy.write('POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n');
    busy.write('Expect: 100-continue\r\n\r\n');
    await once(busy, 'data');
    const closed = Promise.all([once(idle, 'close'), once(busy, 'close')]);
    await here.close();
    await closed;
    await expect(send(here.url)).rejects.toThrow('ECONNREFUSED');
  });
});

const REVISION = '2026-07-28';

const LISTEN_HEADERS = {
  'mcp-protocol-version': REVISION,
  'mcp-method': 'subscriptions/listen',
};

const LISTEN = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'subscriptions/listen',
  params: {
    notifications: {},
    _meta: {
      'io.modelcontextprotocol/protocolVersion': REVISION,
      'io.modelcontextprotocol/clientInfo': { name: 'by hand', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': {},
    },
  },
});
