import { channel } from 'node:diagnostics_channel';
import type { LookupAddress } from 'node:dns';
import { getEventListeners, once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer, Socket } from 'node:net';
import { inspect } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { failure } from '@touchstone/kit/testing/failure';
import { waitUntil } from '@touchstone/kit/time/wait';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createHttpClient } from './http-client.ts';
import { describeFault } from './http-client-error.ts';
import { isPublicAddress } from './public-address.ts';
import {
  choosePause,
  createRetryBudget,
  mayRetry,
  readRetryAfter,
} from './retry-policy.ts';
import {
  createTestClient,
  failOf,
  startUpstream,
} from './test-upstream.ts';

const METHODS = [
  'GET',
  'HEAD',
  'OPTIONS',
  'PUT',
  'DELETE',
  'POST',
  'PATCH',
] as const;

failure(
  'The upstream answers 503 to everything',
  {
    symptom:
      'Callers get the 503; the upstream sees 1.1 requests for each call, not 3',
    defence: 'retry-budget',
    remains:
      'Each client has its own budget: a hundred instances start with a thousand retries',
  },
  async () => {
    let healthy = false;
    await using upstream = await startUpstream((_, response) => {
      response.writeHead(healthy ? 200 : 503).end();
    });
    await using client = createTestClient();

    for (let round = 0; round < 50; round++) {
      const answers = await Promise.all(
        METHODS.slice(0, 5).map((method) =>
          client.request(upstream.url, { method }),
        ),
      );
      expect(answers.map(({ status }) => status)).toEqual(
        Array(5).fill(503),
      );
    }
    const retries = upstream.seen.length - 250;
    expect(retries).toBeGreaterThanOrEqual(30);
    expect(retries).toBeLessThanOrEqual(35);

    healthy = true;
    for (let call = 0; call < 10; call++)
      await client.request(upstream.url);
    healthy = false;
    const { attempts } = await client.request(upstream.url);
    expect(attempts).toBe(2);
  },
);

failure(
  'The answer to a POST is lost',
  {
    symptom:
      '`connection_lost` with `sent: true`, and the upstream has seen the request once',
    defence: 'may-retry',
    remains:
      'Whether it was processed is unknown: send an `idempotency-key` where the API knows it',
  },
  async () => {
    await using upstream = await startUpstream((request, response) => {
      if (upstream.seen.length === 1) request.socket.resetAndDestroy();
      else request.pipe(response);
    });
    await using client = createTestClient();
    const call = { method: 'POST', body: 'pay' } as const;

    expect(await failOf(client.request(upstream.url, call))).toEqual({
      code: 'connection_lost',
      sent: true,
      attempts: 1,
    });

    upstream.seen.length = 0;
    const headers = { 'Idempotency-Key': '"8e03978e"' };
    const answer = await client.request(upstream.url, {
      ...call,
      headers,
    });
    expect(answer).toMatchObject({ status: 200, attempts: 2 });
    expect(String(answer.body)).toBe('pay');
    expect(upstream.seen).toEqual(['POST /', 'POST /']);
  },
);

failure(
  'No connection is made',
  {
    symptom:
      'A POST is tried again too: nothing of it was sent. Then `connection_failed` with `sent: false`',
    defence: 'send-once',
    remains: 'A name that does not exist costs all attempts too',
  },
  async () => {
    await using upstream = await startUpstream((request, response) => {
      request.pipe(response);
    });
    const { port } = new URL(upstream.url);
    // Nothing listens on the first two; the third is the upstream.
    const addresses = ['127.0.0.3', '127.0.0.2', '127.0.0.1'];
    const lookup = async () => listAddresses(addresses.shift() ?? '');
    await using client = createTestClient({ lookup });
    const url = `http://payments.test:${port}/`;

    const answer = await client.request(url, { method: 'POST' });
    expect(answer).toMatchObject({ status: 200, attempts: 3 });

    await using offline = createTestClient({
      lookup: () => Promise.reject(new Error('no such name')),
    });
    const failed = offline.request(url, { method: 'POST' });
    expect(await failOf(failed)).toEqual({
      code: 'connection_failed',
      sent: false,
      attempts: 3,
    });
  },
);

failure(
  'The server closes a kept-alive connection just as it is used again',
  {
    symptom:
      'A GET succeeds on a new connection; a POST ends with `connection_lost`',
    defence: 'may-retry',
    remains:
      'The client keeps an idle connection for 4 s, or less if `Keep-Alive` says so: set `keepAliveMaxTimeout` below the limit of your provider',
  },
  async () => {
    const used = new WeakSet<Socket>();
    await using upstream = await startUpstream((request, response) => {
      const { socket } = request;
      if (used.has(socket)) socket.resetAndDestroy();
      else response.end('fresh');
      used.add(socket);
    });
    await using client = createTestClient({ maxCalls: 1 });
    await client.request(upstream.url);

    const get = await client.request(upstream.url);
    expect(get).toMatchObject({ status: 200, attempts: 2 });
    expect(upstream.countConnections()).toBe(2);

    const post = client.request(upstream.url, { method: 'POST' });
    expect(await failOf(post)).toMatchObject({
      code: 'connection_lost',
      sent: true,
    });
    expect(upstream.seen).toEqual([
      'GET /',
      'GET /',
      'GET /',
      'POST /',
    ]);
  },
);

failure(
  'The headers arrive, and the body stalls or comes very slowly',
  {
    symptom:
      '`attempt_timeout` after `attemptMs`, `deadline_exceeded` after `deadlineMs`, never later',
    defence: 'send-once',
    remains:
      'A large body over a slow line ends so too: give such calls a client with longer limits',
  },
  async () => {
    const answers: Record<string, RequestListener> = {
      '/silent': () => {},
      '/stall': (_, response) => {
        response
          .writeHead(200, { 'content-length': 10 })
          .write('12345');
      },
      '/drip': (_, response) => {
        const drip = setInterval(() => response.write('.'), 10);
        response.on('close', () => clearInterval(drip));
      },
      '/early-hints': (_, response) => {
        const hint = setInterval(
          () => response.writeEarlyHints({ link: '</a>; rel=b' }),
          10,
        );
        response.on('close', () => clearInterval(hint));
      },
      '/ok': (_, response) => void response.end('ok'),
    };
    await using upstream = await startUpstream((request, response) =>
      answers[request.url ?? '']?.(request, response),
    );
    await using client = createTestClient({
      attemptMs: 500,
      maxAttempts: 2,
    });
    const began = performance.now();
    const stuck = Object.keys(answers).slice(0, 4);
    const ends = await Promise.all(
      stuck.map((path) => failOf(client.request(upstream.url + path))),
    );
    const end = { code: 'attempt_timeout', sent: true, attempts: 2 };
    expect(ends).toEqual([end, end, end, end]);
    expect(performance.now() - began).toBeGreaterThanOrEqual(999);
    expect(upstream.seen).toHaveLength(8);
    const { status } = await client.request(`${upstream.url}/ok`);
    expect(status).toBe(200);

    // A TLS handshake that never ends: there is no connection yet.
    upstream.server.on('clientError', () => {});
    const secure = upstream.url.replace('http', 'https');
    expect(await failOf(client.request(secure))).toEqual({
      code: 'attempt_timeout',
      sent: false,
      attempts: 2,
    });

    await using hurried = createTestClient({ deadlineMs: 500 });
    const start = performance.now();
    const late = hurried.request(`${upstream.url}/stall`);
    expect(await failOf(late)).toEqual({
      code: 'deadline_exceeded',
      sent: true,
      attempts: 1,
    });
    expect(performance.now() - start).toBeGreaterThanOrEqual(499);
  },
);

failure(
  'Retry-After is a date, very large, negative or invalid',
  {
    symptom:
      'A wait that ends before the deadline is kept; for a longer one the caller gets the answer at once; an invalid value is ignored',
    defence: 'pause',
    remains:
      'A date without a `Date` header beside it is compared with the clock of this machine',
  },
  async () => {
    // Not in UTC: the date without a zone means GMT everywhere.
    vi.stubEnv('TZ', 'America/New_York');
    vi.useFakeTimers({
      toFake: ['Date'],
      now: Date.parse('Sun, 06 Nov 1994 08:49:30 GMT'),
    });
    onTestFinished(() => {
      vi.useRealTimers();
      vi.unstubAllEnvs();
    });
    const read = (value: string | string[], date?: string) =>
      readRetryAfter({ 'retry-after': value, date });
    expect(read('120')).toBe(120_000);
    expect(read('0')).toBe(0);
    expect(read('Sun, 06 Nov 1994 08:49:37 GMT')).toBe(7000);
    expect(read('Sunday, 06-Nov-94 08:49:37 GMT')).toBe(7000);
    expect(read('Sun Nov  6 08:49:37 1994')).toBe(7000);
    expect(read('Sun, 06 Nov 1994 08:49:10 GMT')).toBe(0);
    // The server's clock is 17 s ahead, and its Date says so.
    const ahead = 'Sun, 06 Nov 1994 08:49:47 GMT';
    expect(read('Sun, 06 Nov 1994 08:49:54 GMT', ahead)).toBe(7000);
    expect(read('99999999999999999999999')).toBeGreaterThan(1e20);
    for (const rubbish of [
      '-5',
      '1.5',
      ' 7',
      '7s',
      '1e3',
      '',
      'soon',
      'Wait 5',
      '2026-01-01T00:00:00Z',
      'Sun, 99 Nov 1994 08:49:37 GMT',
      'Sun, 06 Nov 1994 08:49:37 GMT+2',
    ])
      expect(read(rubbish), rubbish).toBeUndefined();
    expect(read(['5', '6'])).toBeUndefined();
    expect(readRetryAfter({})).toBeUndefined();
    vi.useRealTimers();

    const random = vi.spyOn(Math, 'random').mockReturnValue(0.5);
    const pauses = [1, 2, 3, 8, 40].map((one) =>
      choosePause(one, { headers: {} }),
    );
    expect(pauses).toEqual([50, 100, 200, 5000, 5000]);
    const headers = { 'retry-after': '2' };
    expect(choosePause(1, { headers })).toBe(2050);
    random.mockRestore();
    const jitter = Array.from({ length: 99 }, () =>
      choosePause(1, { headers: {} }),
    );
    expect(new Set(jitter).size).toBeGreaterThan(90);

    let value = '';
    await using upstream = await startUpstream((_, response) => {
      const busy = upstream.seen.length === 1;
      response.writeHead(busy ? 503 : 200, { 'retry-after': value });
      response.end();
    });
    await using client = createTestClient({ deadlineMs: 5000 });
    async function askWith(retryAfter: string) {
      value = retryAfter;
      upstream.seen.length = 0;
      const began = performance.now();
      const { status } = await client.request(upstream.url);
      return { status, ms: performance.now() - began };
    }
    const kept = await askWith('1');
    expect(kept.status).toBe(200);
    expect(kept.ms).toBeGreaterThanOrEqual(999);
    for (const huge of ['5', '86400', '9'.repeat(400)])
      expect((await askWith(huge)).status, huge).toBe(503);
    for (const ignored of ['-5', 'soon'])
      expect((await askWith(ignored)).status, ignored).toBe(200);
  },
);

failure(
  'An answer is larger than memory',
  {
    symptom:
      '`answer_too_large`, or `bad_answer` for one that is not HTTP or not gzip, after one attempt',
    defence: 'client',
    remains:
      'A call holds up to three times `maxBytes` while its body grows: with the defaults, 100 calls hold up to 300 MiB',
  },
  async () => {
    const plain = Buffer.alloc(1000, 'a');
    const encoded = (encoding: string, body: Buffer, status = 200) =>
      ((_, response) => {
        const headers = { 'content-encoding': encoding };
        response.writeHead(status, headers).end(body);
      }) satisfies RequestListener;
    const bomb = Buffer.alloc(20_000_000);
    const answers: Record<string, RequestListener> = {
      '/fits': (_, response) => void response.end(plain),
      '/gzip-fits': encoded('gzip', gzipSync(plain)),
      '/br-fits': encoded('br', brotliCompressSync(plain)),
      '/error-fits': encoded('gzip', gzipSync(plain), 500),
      '/large': (_, response) => void response.end(Buffer.alloc(1001)),
      '/gzip-large': encoded('gzip', gzipSync(Buffer.alloc(1001))),
      '/endless': (_, response) => {
        const more = setInterval(() => response.write(plain), 1);
        response.on('close', () => clearInterval(more));
      },
      '/bomb': encoded('gzip', gzipSync(bomb)),
      '/error-bomb': encoded('gzip', gzipSync(bomb), 404),
      '/nested-bomb': encoded('gzip, gzip', gzipSync(gzipSync(bomb))),
      '/not-gzip': encoded('gzip', plain),
      '/cut-gzip': encoded('gzip', gzipSync(plain).subarray(0, 20)),
      '/not-http': ({ socket }) => void socket.end('220 SMTP\r\n'),
      '/cut': (_, response) => {
        response.writeHead(200, { 'content-length': 1000 });
        response.write('a', () => response.socket?.end());
      },
    };
    await using upstream = await startUpstream((request, response) =>
      answers[request.url ?? '']?.(request, response),
    );
    await using client = createTestClient({ maxBytes: 1000 });
    const ends: Record<string, unknown> = {};
    for (const path of Object.keys(answers))
      ends[path] = await client.request(upstream.url + path).then(
        ({ body }) => body.equals(plain),
        ({ code, attempts }) => `${code} ${attempts}`,
      );
    expect(ends).toEqual({
      '/fits': true,
      '/gzip-fits': true,
      '/br-fits': true,
      '/error-fits': true,
      '/large': 'answer_too_large 1',
      '/gzip-large': 'answer_too_large 1',
      '/endless': 'answer_too_large 1',
      '/bomb': 'answer_too_large 1',
      '/error-bomb': 'answer_too_large 1',
      '/nested-bomb': 'answer_too_large 1',
      '/not-gzip': 'bad_answer 1',
      '/cut-gzip': 'bad_answer 1',
      '/not-http': 'bad_answer 1',
      '/cut': 'connection_lost 3',
    });
  },
);

failure(
  'A URL from a user leads to an internal address',
  {
    symptom:
      '`address_refused`, whether by number, by name, or by a name that changes; a redirect is returned, not followed',
    defence: 'connect-guard',
    remains:
      'An outgoing proxy resolves names itself, so it must refuse internal addresses itself',
  },
  async () => {
    await using internal = await startUpstream((_, response) => {
      response.end('credentials');
    });
    const { port } = new URL(internal.url);
    await using client = createHttpClient();
    for (const host of [
      '127.0.0.1',
      'localhost',
      '2130706433',
      '0x7f.1',
      '0177.0.0.1',
      '0.0.0.0',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '[64:ff9b::7f00:1]',
    ])
      expect(
        await failOf(client.request(`http://${host}:${port}/`)),
        host,
      ).toEqual({ code: 'address_refused', sent: false, attempts: 1 });

    // A name that is public when asked first, and internal later.
    const answers = [[PUBLIC], [INTERNAL], [INTERNAL, PUBLIC]];
    await using rebound = createHttpClient({
      lookup: async () => listAddresses(...(answers.shift() ?? [])),
      allowAddress: (address) => address === PUBLIC,
    });
    const url = `http://rebinding.test:${port}/`;
    const { status } = await rebound.request(url);
    expect(status).toBe(200);
    internal.server.closeAllConnections();
    await waitUntil('the name is asked again', async () => {
      const again = await failOf(rebound.request(url)).catch(() => {});
      return again?.code === 'address_refused';
    });
    // Of two addresses, it takes the one that is allowed.
    const trap = createServer().listen(Number(port), INTERNAL);
    const trapped = vi.fn();
    trap.on('connection', trapped);
    await once(trap, 'listening');
    expect((await rebound.request(url)).status).toBe(200);
    expect(trapped).not.toHaveBeenCalled();
    trap.close();

    // A guard that throws lets nothing through, by number or name.
    await using broken = createHttpClient({
      allowAddress() {
        throw new TypeError('a bug');
      },
    });
    for (const host of ['127.0.0.1', 'localhost'])
      expect(
        await failOf(broken.request(`http://${host}:${port}/`)),
      ).toMatchObject({ code: 'connection_failed', sent: false });

    await using open = await startUpstream((_, response) => {
      response.writeHead(302, { location: internal.url }).end('moved');
    });
    await using trusting = createTestClient();
    const before = internal.seen.length;
    const moved = await trusting.request(open.url, {
      headers: { authorization: 'Bearer secret' },
    });
    expect(moved).toMatchObject({
      status: 302,
      headers: { location: internal.url },
      attempts: 1,
    });
    expect(internal.seen).toHaveLength(before);
  },
);

failure(
  'More calls come than the upstream can take',
  {
    symptom:
      '`overloaded` at once for the calls beyond `maxCalls`, to whatever origin; the upstream never has more connections than that',
    defence: 'request',
    remains:
      'One slow origin among URLs of users can take all places, for `deadlineMs` each',
  },
  async () => {
    let busy = true;
    await using upstream = await startUpstream((_, response) => {
      if (!busy) response.end();
    });
    await using other = await startUpstream(() => {});
    await using client = createTestClient({
      maxCalls: 5,
      attemptMs: 1000,
      maxAttempts: 1,
    });
    const origins = [upstream, other, upstream, other, upstream];
    const calls = [...origins, upstream, other].map(({ url }) =>
      failOf(client.request(url)),
    );
    const ends = await Promise.all(calls);
    const cut = { code: 'attempt_timeout', sent: true, attempts: 1 };
    const refused = { code: 'overloaded', sent: false, attempts: 0 };
    expect(ends).toEqual([cut, cut, cut, cut, cut, refused, refused]);

    // A call that pauses keeps its place.
    await using later = await startUpstream((_, response) => {
      response.writeHead(503, { 'retry-after': '9' }).end();
    });
    await using patient = createTestClient({ maxCalls: 1 });
    const countAnswers = countMessages('undici:request:trailers');
    const { signal, abort } = createAbort();
    const paused = failOf(patient.request(later.url, { signal }));
    await waitUntil('it pauses', () => countAnswers() === 1);
    expect(await failOf(patient.request(later.url))).toEqual(refused);
    abort();
    expect(await paused).toMatchObject({
      code: 'aborted',
      attempts: 1,
    });

    busy = false;
    await waitUntil('the places are free', async () => {
      const answer = await client.request(upstream.url).catch(() => {});
      return answer?.status === 200;
    });
    for (let round = 0; round < 3; round++)
      await Promise.all(
        origins.map(() => client.request(upstream.url)),
      );
    expect(upstream.countConnections()).toBeLessThanOrEqual(3 + 5);
  },
);

test('An attempt that ends before its connection keeps its place until undici lets go of it', async () => {
  await using upstream = await startUpstream((_, response) => {
    response.writeHead(200, { connection: 'close' }).end('ok');
  });
  const { port } = new URL(upstream.url);
  const url = `http://slow.test:${port}/`;
  const late = Promise.withResolvers<LookupAddress[]>();
  const found = listAddresses('127.0.0.1');
  const silent = new Promise<never>(() => {});
  const answers = [found, late.promise, silent];
  await using client = createTestClient({
    maxCalls: 2,
    attemptMs: 900,
    lookup: async () => (await answers.shift()) ?? found,
  });
  expect((await client.request(url)).status).toBe(200);
  const { signal, abort } = createAbort();
  const calls = [1, 2].map(() =>
    failOf(client.request(`${url}aborted`, { signal })),
  );
  await waitUntil('both look the name up', () => answers.length === 0);
  abort();
  const aborted = { code: 'aborted', sent: false, attempts: 1 };
  expect(await Promise.all(calls)).toEqual([aborted, aborted]);
  expect(await failOf(client.request(url))).toMatchObject({
    code: 'overloaded',
  });

  // One gets its connection, the other one never.
  late.resolve(found);
  await waitUntil('both places are free', async () => {
    const both = [client.request(url), client.request(url)];
    const ends = await Promise.allSettled(both);
    return ends.every(({ status }) => status === 'fulfilled');
  });
  expect(new Set(upstream.seen)).toEqual(new Set(['GET /']));
});

failure(
  'The caller gives up, or the app stops',
  {
    symptom:
      '`aborted` or `closed` at once; the connection is closed, and no timer or listener stays',
    defence: 'close',
    remains:
      'What the upstream has received, it may still do. A connection that is being made may keep the process for `attemptMs` and a second',
  },
  async () => {
    await using upstream = await startUpstream((request, response) => {
      if (request.url === '/busy')
        response.writeHead(503, { 'retry-after': '9' }).end();
      if (request.url === '/slow') response.write('…');
      if (request.url === '/ok') response.end();
    });
    const sockets = collectSockets();
    await using client = createTestClient({ attemptMs: 60_000 });
    const { signal, abort } = createAbort();
    for (let call = 0; call < 20; call++)
      await client.request(`${upstream.url}/ok`, { signal });
    expect(countTimers()).toBeLessThan(10);
    expect(getEventListeners(signal, 'abort')).toEqual([]);

    const paused = failOf(
      client.request(`${upstream.url}/busy`, { signal }),
    );
    await waitUntil(
      'it pauses',
      () => upstream.seen.at(-1) === 'GET /busy',
    );
    const slow = failOf(
      client.request(`${upstream.url}/slow`, { signal }),
    );
    await waitUntil(
      'it runs',
      () => upstream.seen.at(-1) === 'GET /slow',
    );
    const began = performance.now();
    abort();
    const aborted = { code: 'aborted', sent: true, attempts: 1 };
    expect(await paused).toEqual(aborted);
    expect(await slow).toEqual(aborted);
    expect(performance.now() - began).toBeLessThan(5000);
    const late = client.request(`${upstream.url}/ok`, { signal });
    expect(await failOf(late)).toMatchObject({
      code: 'aborted',
      attempts: 0,
    });

    upstream.seen.length = 0;
    const cut = ['/slow', '/slow', '/busy'].map((path) =>
      failOf(client.request(upstream.url + path)),
    );
    await waitUntil('they run', () => upstream.seen.length === 3);
    const closed = client.close();
    const refused = client.request(`${upstream.url}/ok`);
    expect(await failOf(refused)).toEqual({
      code: 'closed',
      sent: false,
      attempts: 0,
    });
    for (const end of await Promise.all(cut))
      expect(end).toMatchObject({ code: 'closed', sent: true });
    await closed;
    expect(sockets.length).toBeGreaterThan(2);
    for (const { destroyed } of sockets) expect(destroyed).toBe(true);
    await waitUntil(
      'no connection is open',
      async () => (await upstream.countOpen()) === 0,
    );
    expect(countTimers()).toBeLessThan(10);
  },
);

test('A retry follows the method, the key, the status and whether anything was sent', async () => {
  let status = 503;
  await using upstream = await startUpstream((_, response) => {
    const first = upstream.seen.length === 1;
    response.writeHead(first ? status : 200).end();
  });
  const retried = async (method: (typeof METHODS)[number]) => {
    await using client = createTestClient(); // and with it, a budget
    upstream.seen.length = 0;
    const { attempts } = await client.request(upstream.url, { method });
    return attempts > 1;
  };
  const methods: string[] = [];
  for (const method of METHODS)
    if (await retried(method)) methods.push(method);
  expect(methods).toEqual(METHODS.slice(0, 5));
  const statuses: number[] = [];
  for (status = 400; status < 600; status++)
    if (mayRetry({ method: 'GET', headers: {} }, { status }))
      statuses.push(status);
  expect(statuses).toEqual([408, 425, 429, 502, 503, 504]);

  // A server that gets an empty key sees no key.
  const headers = { 'idempotency-key': '' };
  const empty = { method: 'POST', headers };
  expect(mayRetry(empty, { status: 503 })).toBe(false);
});

test('An error says that an earlier attempt was sent, though the last was not', async () => {
  await using upstream = await startUpstream((_, response) => {
    response.writeHead(503, { connection: 'close' }).end();
    upstream.server.close();
  });
  await using client = createTestClient();
  expect(await failOf(client.request(upstream.url))).toEqual({
    code: 'connection_failed',
    sent: true,
    attempts: 3,
  });
});

test('A TLS handshake that hangs holds up no other, and offers HTTP/1.1 only', async () => {
  const hellos: string[] = [];
  const server = createServer((socket) => {
    socket.once('data', (data) => hellos.push(data.toString('latin1')));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  await using client = createTestClient({ attemptMs: 60_000 });
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const url = `https://127.0.0.1:${port}/`;
  const calls = [1, 2, 3].map(() => failOf(client.request(url)));
  await waitUntil('all three say hello', () => hellos.length === 3);
  await client.close();
  const closed = { code: 'closed', sent: false, attempts: 1 };
  expect(await Promise.all(calls)).toEqual([closed, closed, closed]);
  server.close();
  for (const hello of hellos) {
    expect(hello).toContain('\bhttp/1.1');
    expect(hello).not.toContain('\x02h2');
  }
});

test('A body in chunks of one byte is held in one piece, and in order', async () => {
  const size = 200_000;
  const body = Buffer.from('abcdefghij'.repeat(size / 10));
  const chunks = [...body].map(
    (byte) => `1\r\n${String.fromCharCode(byte)}\r\n`,
  );
  const end = Promise.withResolvers<void>();
  await using upstream = await startUpstream(({ socket }) => {
    socket.write(
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n',
    );
    socket.write(chunks.join(''));
    end.promise.then(() => socket.end('0\r\n\r\n'));
  });
  const countChunks = countMessages('undici:request:bodyChunkReceived');
  await using client = createTestClient({
    attemptMs: 60_000,
    deadlineMs: 60_000,
  });
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  collect();
  const before = process.memoryUsage().heapUsed;
  const answer = client.request(upstream.url);
  await waitUntil('all is received', () => countChunks() === size);
  collect();
  const grown = process.memoryUsage().heapUsed - before;
  end.resolve();
  expect((await answer).body.equals(body)).toBe(true);
  expect(grown).toBeLessThan(size * 20);
});

test('The limits have defaults', async () => {
  const sizes: Record<string, number> = {
    '/fits': 1_048_576,
    '/large': 1_048_577,
  };
  const asked = new Set<string>();
  await using upstream = await startUpstream((request, response) => {
    const { url = '' } = request;
    const size = sizes[url];
    if (size) response.end(Buffer.alloc(size));
    else if (url.startsWith('/retry-after/') && !asked.has(url)) {
      asked.add(url);
      const seconds = url.replace('/retry-after/', '');
      response.writeHead(503, { 'retry-after': seconds }).end();
    } else if (url === '/busy') response.writeHead(503).end();
    else if (url !== '/hangs') response.end();
  });
  await using client = createHttpClient({ allowAddress: () => true });
  const ask = (path: string) => client.request(upstream.url + path);
  await using idle = await startUpstream((_, response) => {
    response.end();
  });
  await client.request(idle.url);

  expect((await ask('/fits')).body).toHaveLength(1_048_576);
  expect((await failOf(ask('/large'))).code).toBe('answer_too_large');
  expect((await ask('/retry-after/1')).status).toBe(200);
  expect((await ask('/retry-after/11')).status).toBe(503);

  const random = vi.spyOn(Math, 'random').mockReturnValue(0.99);
  const before = performance.now();
  expect((await ask('/busy')).attempts).toBe(3);
  const pauses = performance.now() - before;
  random.mockRestore();
  expect(pauses).toBeGreaterThanOrEqual(296);
  expect(pauses).toBeLessThan(2900);

  const began = performance.now();
  const method = 'POST' as const;
  const post = () =>
    failOf(client.request(`${upstream.url}/hangs`, { method }));
  const calls = Array.from({ length: 101 }, post);
  const cut = { code: 'attempt_timeout', attempts: 1 };
  expect(await calls[100]).toMatchObject({ code: 'overloaded' });
  for (const end of await Promise.all(calls.slice(0, 100)))
    expect(end).toMatchObject(cut);
  expect(performance.now() - began).toBeGreaterThanOrEqual(2999);
  // The server would keep it for ten minutes.
  await waitUntil(
    'the idle connection is closed',
    async () => (await idle.countOpen()) === 0,
  );
});

test('A fault is told by the code of its error, and by whether anything was sent', () => {
  const faults = [
    ['ECONNRESET', 'connection_lost', 'connection_failed'],
    ['UND_ERR_SOCKET', 'connection_lost', 'connection_failed'],
    ['ERR_SSL_BAD_RECORD', 'bad_answer', 'connection_failed'],
    ['E', 'bad_answer', 'connection_failed'],
    [undefined, 'bad_answer', 'connection_failed'],
    ['UND_ERR_NOT_SUPPORTED', 'bad_answer', 'invalid_request'],
  ] as const;
  for (const [detail, sent, unsent] of faults) {
    const error = Object.assign(new Error(), { code: detail });
    expect(describeFault(error, true)).toEqual({
      code: sent,
      sent: true,
      detail: detail ?? 'Error',
    });
    expect(describeFault(error, false).code).toBe(unsent);
  }
});

test('A budget gives its burst, then one retry for each so many calls', () => {
  const budget = createRetryBudget();
  const spend = () => {
    let retries = 0;
    while (budget.withdraw()) retries++;
    return retries;
  };
  const deposit = (calls: number) => {
    for (let call = 0; call < calls; call++) budget.deposit();
  };
  expect(spend()).toBe(10);
  deposit(9);
  expect(spend()).toBe(0);
  deposit(1);
  expect(spend()).toBe(1);
  deposit(1000);
  expect(spend()).toBe(10);
});

test('An error names the origin and no secret of the URL, and input that is not a request is refused', async () => {
  await using upstream = await startUpstream(() => {});
  await using client = createTestClient();
  const secrets = 'https://127.0.0.1:1/hooks/s3cret?token=t0ken';
  const error = await client
    .request(secrets, { headers: { authorization: 'Bearer b3arer' } })
    .catch((error: unknown) => error);
  const printed = inspect(error, { depth: 9 });
  expect(printed).toContain(
    'GET https://127.0.0.1:1: connection_failed (ECONNREFUSED), attempts: 3',
  );
  expect(printed).toContain('HttpClientError');
  expect(printed).not.toMatch(/s3cret|t0ken|b3arer/);

  for (const [url, headers] of [
    ['file:///etc/passwd'],
    ['xhttp://127.0.0.1:1/'],
    ['/relative'],
    ['http://user@127.0.0.1:1/'],
    ['http://:password@127.0.0.1:1/'],
    [upstream.url, { 'x-name': 'a\r\nx-admin: 1' }],
    [upstream.url, { expect: '100-continue' }],
    [upstream.url, { 'content-length': '9' }],
  ] as const) {
    const refused = client.request(url, {
      method: 'PUT',
      body: 'short',
      headers: { ...headers },
    });
    const end = await failOf(refused);
    expect(end, url).toMatchObject({
      code: 'invalid_request',
      sent: false,
    });
    expect(end.attempts, url).toBeLessThanOrEqual(1);
  }
});

test('The query, the headers and the body reach the upstream', async () => {
  await using upstream = await startUpstream((request, response) => {
    response.setHeader('x-name', `${request.headers['x-name']}`);
    response.setHeader(
      'x-coding',
      `${request.headers['accept-encoding']}`,
    );
    request.pipe(response.writeHead(201));
  });
  await using client = createTestClient();
  const { status, headers, body } = await client.request(
    `${upstream.url}/a/b?c=d#e`,
    {
      method: 'PUT',
      headers: { 'X-Name': 'Ada' },
      body: Buffer.from('x'),
    },
  );
  expect({ status, body: String(body) }).toEqual({
    status: 201,
    body: 'x',
  });
  expect(headers).toMatchObject({
    'x-name': 'Ada',
    'x-coding': 'gzip, br',
  });
  expect(upstream.seen).toEqual(['PUT /a/b?c=d']);
});

test('A limit that is none is refused', () => {
  for (const deadlineMs of [0, -1, 1.5, Number.NaN, 2 ** 31])
    expect(() => createHttpClient({ deadlineMs })).toThrow(
      `deadlineMs is ${deadlineMs}, which is not a limit`,
    );
  expect(() => createHttpClient({ maxBytes: Infinity })).toThrow(
    RangeError,
  );
  createHttpClient({ deadlineMs: 2 ** 31 - 1, attemptMs: 1 });
});

test('An address of the internet is told from all others', () => {
  const edges: [inside: string, outside: string][] = [
    ['0.255.255.255', '1.0.0.0'],
    ['10.0.0.0', '9.255.255.255'],
    ['10.255.255.255', '11.0.0.0'],
    ['100.64.0.0', '100.63.255.255'],
    ['100.127.255.255', '100.128.0.0'],
    ['127.0.0.0', '126.255.255.255'],
    ['127.255.255.255', '128.0.0.0'],
    ['168.63.129.16', '168.63.129.17'],
    ['169.254.0.0', '169.253.255.255'],
    ['169.254.255.255', '169.255.0.0'],
    ['172.16.0.0', '172.15.255.255'],
    ['172.31.255.255', '172.32.0.0'],
    ['192.0.0.0', '191.255.255.255'],
    ['192.0.0.255', '192.0.1.0'],
    ['192.0.2.0', '192.0.1.255'],
    ['192.0.2.255', '192.0.3.0'],
    ['192.88.99.0', '192.88.98.255'],
    ['192.88.99.255', '192.88.100.0'],
    ['192.168.0.0', '192.167.255.255'],
    ['192.168.255.255', '192.169.0.0'],
    ['198.18.0.0', '198.17.255.255'],
    ['198.19.255.255', '198.20.0.0'],
    ['198.51.100.0', '198.51.99.255'],
    ['198.51.100.255', '198.51.101.0'],
    ['203.0.113.0', '203.0.112.255'],
    ['203.0.113.255', '203.0.114.0'],
    ['224.0.0.0', '223.255.255.255'],
    ['1fff:ffff::', '2000::'],
    ['4000::', '3fff:ffff::'],
    ['2001::', '2000:ffff::'],
    ['2001:1ff:ffff::', '2001:200::'],
    ['2001:db8::', '2001:db7:ffff::'],
    ['2001:db8:ffff::', '2001:db9::'],
    ['2002::', '2001:ffff::'],
    ['2002:ffff::', '2003::'],
    ['3fff::', '3ffe:ffff::'],
    ['3fff:fff:ffff::', '3fff:1000::'],
  ];
  for (const [inside, outside] of edges) {
    expect(isPublicAddress(inside), inside).toBe(false);
    expect(isPublicAddress(outside), outside).toBe(true);
  }
  for (const refused of [
    '239.255.255.255',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:8.8.8.8',
    '64:ff9b::808:808',
    'fc00::1',
    'fe80::1',
    'fe80::1%eth0',
    'ff02::1',
    'example.com',
    '8.8.8',
    '',
  ])
    expect(isPublicAddress(refused), refused).toBe(false);
});

const PUBLIC = '127.0.0.1';
const INTERNAL = '127.0.0.9';

const listAddresses = (...addresses: string[]) =>
  addresses.map((address) => ({ address, family: 4 }));

/** Counts what undici reports, until the test ends. */
function countMessages(name: string): () => number {
  let messages = 0;
  const count = () => void messages++;
  channel(name).subscribe(count);
  onTestFinished(() => void channel(name).unsubscribe(count));
  return () => messages;
}

/** All that connect from here, until the test ends. */
function collectSockets(): Socket[] {
  const sockets: Socket[] = [];
  const collect = (message: unknown) => {
    if (
      message instanceof Object &&
      'socket' in message &&
      message.socket instanceof Socket
    )
      sockets.push(message.socket);
  };
  channel('net.client.socket').subscribe(collect);
  onTestFinished(
    () => void channel('net.client.socket').unsubscribe(collect),
  );
  return sockets;
}

const countTimers = () =>
  process.getActiveResourcesInfo().filter((name) => name === 'Timeout')
    .length;

function createAbort() {
  const controller = new AbortController();
  return {
    signal: controller.signal,
    abort: () => controller.abort(new Error('the user left')),
  };
}
