import { once } from 'node:events';
import { Agent } from 'node:http';
import { connect } from 'node:net';
import {
  freshDatabase,
  openPool,
} from '@touchstone/kit/postgres/database';
import { findFreePort } from '@touchstone/kit/programs/free-port';
import { startTcpProxy } from '@touchstone/kit/proxies/tcp-proxy';
import { failure } from '@touchstone/kit/testing/failure';
import { waitUntil } from '@touchstone/kit/time/wait';
import { expect, it } from 'vitest';
import { startHealth } from './health.ts';
import { prepareShutdown, ShuttingDownError } from './shutdown.ts';
import {
  createGate,
  createScript,
  createTestLog,
  createTestShutdown,
  get,
  probe,
  startTestServer,
} from './test-process.ts';
import { startLoad, startSite } from './test-site.ts';

const MAIN = new URL('main.ts', import.meta.url);
const SCHEMA = new URL('schema.sql', import.meta.url);
const UNAVAILABLE = {
  title: 'Service Unavailable',
  status: 503,
  code: 'not_ready',
};

failure(
  'The database goes away, and comes back',
  {
    symptom:
      'Readiness turns red and green again; liveness stays green, so nothing is restarted',
    defence: 'answer-probes',
    remains:
      'A database that all instances share turns all of them red: watch only what requests cannot do without',
  },
  async () => {
    await using database = await freshDatabase({ schema: SCHEMA });
    const url = new URL(database.url);
    const databasePort = Number(url.port);
    await using proxy = await startTcpProxy(databasePort);
    url.port = `${proxy.port}`;
    const { pool } = openPool(url.href, {
      max: 1,
      connectionTimeoutMillis: 1000,
    });
    const log = createTestLog();
    const health = startHealth({ log, everyMs: 20, timeoutMs: 5000 });
    await using site = await startTestServer(undefined, health);

    expect(await probe(site.url)).toEqual([200, 503, 503]);
    health.watch('database', () => pool.query('select 1'));
    health.finishStart();
    await waitUntil('it is ready', () => health.isReady());
    expect(await probe(site.url)).toEqual([200, 200, 200]);

    proxy.pointTo(await findFreePort());
    proxy.cut();
    await waitUntil('it is red', () => !health.isReady());
    expect(await probe(site.url)).toEqual([200, 200, 503]);
    proxy.pointTo(databasePort);
    await waitUntil('it is green', () => health.isReady());
    expect(log.entries.map(({ message }) => message)).toEqual([
      'a check succeeds',
      'a check keeps failing',
      'a check succeeds',
    ]);
    expect(log.entries[1]?.details).toEqual({
      check: 'database',
      error: expect.any(Error),
    });
    expect(log.entries[2]?.details).toEqual({ check: 'database' });
    health.drain();
    expect(await probe(site.url)).toEqual([200, 200, 503]);
    await pool.end();
  },
);

failure(
  'A check sometimes fails',
  {
    symptom:
      'Readiness does not flap: three failures in a row turn it red, two successes green',
    defence: 'watch-with-hysteresis',
    remains:
      'An instance that fails every third request stays in; alert on its errors',
  },
  async () => {
    const log = createTestLog();
    const health = startHealth({ log, everyMs: 1 });
    health.finishStart();
    expect(health.isReady()).toBe(true);
    const script = createScript();
    health.watch('scripted', script.check);
    const play = async (outcomes: string) => {
      await script.play(outcomes);
      return health.isReady();
    };

    expect(await play('+-+')).toBe(false);
    expect(await play('+')).toBe(true);
    expect(await play('--+--+-+--')).toBe(true);
    expect(await play('0')).toBe(false);
    expect(await play('-----+-+-')).toBe(false);
    expect(await play('++')).toBe(true);
    expect(await play('+++--')).toBe(true);
    const namesake = createScript();
    health.watch('scripted', namesake.check);
    await namesake.play('--');
    expect(log.entries.map(({ message }) => message)).toEqual([
      'a check succeeds',
      'a check keeps failing',
      'a check succeeds',
    ]);
    expect(await play('++')).toBe(false);
    health.drain();
  },
);

failure(
  'A check hangs, and ignores its signal',
  {
    symptom:
      'It turns red after its time, and is not called again before it ends',
    defence: 'ask-once',
    remains:
      'It stays red until the call ends. If the call never ends, it stays red forever: give clients a time limit of their own',
  },
  async () => {
    const log = createTestLog();
    const health = startHealth({ log, everyMs: 1, timeoutMs: 20 });
    const gate = createGate();
    const signals: AbortSignal[] = [];
    let hangs = false;
    health.watch('hanging', async (signal) => {
      signals.push(signal);
      if (hangs) await gate.opened;
    });
    health.finishStart();
    await waitUntil('it is green', () => health.isReady());

    hangs = true;
    await waitUntil('it is red', () => !health.isReady());

    const [hanging, ...earlier] = signals.toReversed();
    expect(hanging?.reason).toMatchObject({
      name: 'TimeoutError',
      message: 'took longer than 20 ms',
    });
    expect(earlier.some(({ aborted }) => aborted)).toBe(false);
    expect(log.entries.at(-1)?.details.error).toMatchObject({
      message: 'the last call has not ended',
    });
    hangs = false;
    gate.open();
    await waitUntil('it is green again', () => health.isReady());
    health.drain();
  },
);

failure(
  'An attacker floods the probes, or reads their answers',
  {
    symptom:
      'Each probe is answered from memory; the body says `"code":"not_ready"` and gives no reason',
    defence: 'answer-probes',
    remains:
      'The requests themselves cost time: close these paths at the balancer',
  },
  async () => {
    let asked = 0;
    const log = createTestLog();
    const health = startHealth({ log, everyMs: 600_000 });
    health.watch('ledger', async () => {
      asked++;
      throw new Error('password authentication failed for user "shop"');
    });
    health.finishStart();
    await using site = await startTestServer(undefined, health);

    const flood = Array.from({ length: 100 }, () =>
      fetch(`${site.url}/readyz?x=1`),
    );
    const responses = await Promise.all(flood);

    expect(asked).toBe(1);
    const [response] = responses;
    expect(await response?.json()).toEqual(UNAVAILABLE);
    expect(response?.headers.get('content-type')).toBe(
      'application/problem+json',
    );
    expect(response?.headers.get('cache-control')).toBe('no-store');
    for (const rest of responses.slice(1)) await rest.arrayBuffer();
    expect(await (await fetch(`${site.url}/livez`)).text()).toBe('ok');
    const other = await fetch(`${site.url}/readyz/x`);
    expect([other.status, await other.text()]).toEqual([200, 'app']);
    health.drain();
  },
);

failure(
  'Both instances are replaced under load, behind HAProxy',
  {
    symptom:
      'Every order is answered with 201, and both processes end with exit code 0',
    defence: 'close-in-order',
    remains:
      'A balancer that takes longer than `noticeMs` still sends requests to a closed port',
  },
  async () => {
    await using site = await startSite({
      program: MAIN,
      probe: '/readyz',
    });
    const load = startLoad(site.url);
    await waitUntil(
      'orders are placed',
      () => (load.counts[201] ?? 0) > 50,
    );

    const codes = await site.deploy();
    const counts = await load.stop();

    expect(codes).toEqual([0, 0]);
    expect(counts).toEqual({ 201: expect.any(Number) });
    const { rows } = await site.pool.query(
      'select count(*)::int from orders',
    );
    expect(rows).toEqual([{ count: counts[201] }]);
  },
);

failure(
  'Clients keep their connections open, or read slowly, while the server stops',
  {
    symptom:
      '`connection: close` on each answer from the signal on; the server waits for answers that are still being read, and not for idle connections',
    defence: 'close-connections',
    remains:
      'A client that has not been answered since the signal finds its connection closed; one that stops reading is cut off at the limit',
  },
  async () => {
    await readSlowly();
    const gate = createGate();
    let underWay = 0;
    await using site = await startTestServer(
      async (request, response) => {
        if (request.url === '/stream') response.write('begun, ');
        underWay += 1;
        if (request.url !== '/') await gate.opened;
        response.end('done');
      },
    );
    const agents = Array.from(
      { length: 4 },
      () => new Agent({ keepAlive: true }),
    );
    const ask = (path: string, index: number) =>
      get(`${site.url}${path}`, agents[index] ?? new Agent());
    const silent = connect(site.port, '127.0.0.1');
    await once(silent, 'connect');
    expect((await ask('/', 0)).connection).toBe('keep-alive');
    expect((await ask('/', 1)).connection).toBe('keep-alive');
    const streaming = ask('/stream', 2);
    await waitUntil('it is under way', () => underWay === 3);
    const waiting = ask('/slow', 3);
    await waitUntil('both are under way', () => underWay === 4);

    const began = performance.now();
    site.drain.sayGoodbye();
    expect((await ask('/', 1)).connection).toBe('close');
    let isClosed = false;
    const closing = site.drain
      .close(new AbortController().signal)
      .then(() => {
        isClosed = true;
      });
    await expect(fetch(site.url)).rejects.toThrow('fetch failed');
    expect(isClosed).toBe(false);
    gate.open();

    expect(await waiting).toEqual({
      body: 'done',
      connection: 'close',
    });
    expect(await streaming).toEqual({
      body: 'begun, done',
      connection: 'keep-alive',
    });
    await closing;
    // Clients close an idle connection themselves after 64 s.
    expect(performance.now() - began).toBeLessThan(60_000);
    for (const agent of agents) agent.destroy();
    silent.destroy();
  },
);

failure(
  'A request or a WebSocket takes longer than it may',
  {
    symptom:
      'It is cut off at the limit; the log names what could not be closed, and the exit code is 1',
    defence: 'close-connections',
    remains:
      'Its client sees a broken connection, and its handler runs on: requests must be safe to repeat',
  },
  async () => {
    const arrived = createGate();
    await using site = await startTestServer(() => arrived.open());
    site.server.on('upgrade', (_request, socket) => {
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
      );
    });
    const socket = connect(site.port, '127.0.0.1');
    socket.write(
      'GET / HTTP/1.1\r\nhost: x\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
    );
    const [hello] = await once(socket, 'data');
    expect(String(hello)).toContain('101');
    const endless = fetch(`${site.url}/endless`);
    await arrived.opened;
    const ended = once(socket, 'close');
    socket.on('error', () => {});
    const shutdown = createTestShutdown();
    shutdown.add({
      name: 'requests',
      limitMs: 100,
      close: site.drain.close,
    });

    shutdown.send('SIGTERM');

    await expect(endless).rejects.toThrow('fetch failed');
    await ended;
    expect(await shutdown.exited).toBe(1);
    expect(shutdown.log.entries).toContainEqual({
      message: 'could not close',
      details: {
        name: 'requests',
        error: expect.objectContaining({
          message: 'took longer than 100 ms',
        }),
      },
    });
  },
);

failure(
  'A resource throws or hangs while it is closed',
  {
    symptom:
      'The others are closed in their order, the whole takes at most `limitMs`, and the exit code is 1',
    defence: 'close-in-order',
    remains: 'A loop that blocks the process: only SIGKILL ends it',
  },
  async () => {
    const closed: string[] = [];
    const shutdown = createTestShutdown({
      limitMs: 2000,
      announce() {
        closed.push('announced');
        throw new Error('broken');
      },
    });
    const limitMs = 60_000;
    const never = () => new Promise(() => {});
    const note = (name: string) => async () => void closed.push(name);
    shutdown.add({ name: 'pool', limitMs, close: note('pool') });
    shutdown.add({ name: 'cache', limitMs, close: never });
    shutdown.add({
      name: 'worker',
      limitMs,
      close() {
        throw new Error('gone');
      },
    });
    shutdown.add({ name: 'queue', limitMs: 50, close: never });
    shutdown.add({
      name: 'requests',
      limitMs,
      close: note('requests'),
    });
    const began = performance.now();

    shutdown.send('SIGTERM');

    expect(await shutdown.exited).toBe(1);
    const elapsed = performance.now() - began;
    expect(closed).toEqual(['announced', 'requests', 'pool']);
    const { entries } = shutdown.log;
    const failed = ['announce', 'queue', 'worker', 'cache'];
    expect(
      entries.map(({ message, details }) => details.name ?? message),
    ).toEqual(['shutting down', ...failed, 'shut down']);
    expect(entries[0]?.details).toEqual({ signal: 'SIGTERM' });
    expect(entries[2]?.details.error).toMatchObject({
      message: 'took longer than 50 ms',
    });
    // The queue took 50 ms of the 2,000.
    const { error } = entries[4]?.details ?? {};
    expect(Number(/\d+/.exec(String(error))?.[0])).toBeLessThan(1952);
    expect(entries.at(-1)?.details).toEqual({
      ms: expect.any(Number),
      failed,
    });
    const ms = Number(entries.at(-1)?.details.ms);
    expect(ms).toBeGreaterThan(1990);
    expect(ms).toBeLessThanOrEqual(elapsed + 1);
  },
);

failure(
  'A second signal comes while the process shuts down',
  {
    symptom:
      'Within a second it is ignored, since a wrapper may send one signal twice; later it ends the process at once: exit code 143 for SIGTERM, 130 for SIGINT',
    defence: 'receive-signal',
    remains: 'Open connections are cut off, as in a crash',
  },
  async () => {
    const shutdown = createTestShutdown({ noticeMs: 50_000 });
    const began = performance.now();
    shutdown.send('SIGTERM');
    shutdown.send('SIGTERM');
    expect(shutdown.codes).toEqual([]);
    await waitUntil('the signal is a second one', () => {
      shutdown.send('SIGTERM');
      return shutdown.codes.length > 0;
    });
    expect(performance.now() - began).toBeGreaterThan(999);
    shutdown.send('SIGINT');
    expect(shutdown.codes).toEqual([143, 130]);
    expect(shutdown.log.entries).toHaveLength(1);

    const byHand = createTestShutdown({ noticeMs: 50_000 });
    byHand.send('SIGINT');
    expect(await byHand.exited).toBe(0);
    // Nothing was added, so it waits for no one.
    expect(performance.now() - began).toBeLessThan(50_000);
  },
);

failure(
  'SIGTERM comes during the start',
  {
    symptom:
      'What is open already is closed; the next `add` throws ShuttingDownError, so the start goes no further',
    defence: 'add-closer',
    remains:
      'An error that the start does not catch ends the process before all is closed; a step that hangs is cut off by its end',
  },
  async () => {
    const closed: string[] = [];
    const limitMs = 60_000;
    const note = (name: string) => async () => void closed.push(name);
    const gate = createGate();
    const shutdown = createTestShutdown();
    shutdown.add({ name: 'pool', limitMs, close: note('pool') });
    shutdown.add({ name: 'slow', limitMs, close: () => gate.opened });

    shutdown.send('SIGTERM');
    const addLate = () =>
      shutdown.add({ name: 'late', limitMs, close: note('late') });
    expect(addLate).toThrow(ShuttingDownError);
    expect(addLate).toThrow(
      expect.objectContaining({
        code: 'shutting_down',
        name: 'ShuttingDownError',
      }),
    );
    gate.open();

    expect(await shutdown.exited).toBe(0);
    expect(closed).toEqual(['late', 'late', 'pool']);
    const count = () =>
      ['SIGTERM', 'SIGINT'].map((name) => process.listenerCount(name));
    const before = count();
    prepareShutdown({
      log: createTestLog(),
      announce() {},
      noticeMs: 0,
      limitMs: 1,
    });
    expect(count()).toEqual(before.map((listeners) => listeners + 1));
  },
);

it('refuses a time that no timer keeps', () => {
  const log = createTestLog();
  const shutdown = createTestShutdown();
  const close = async () => {};
  const addWith = (limitMs: number) => () =>
    shutdown.add({ name: 'pool', limitMs, close });

  for (const wrong of [Number.NaN, -1, 2 ** 31, Infinity]) {
    expect(addWith(wrong)).toThrow(`limitMs of pool is ${wrong}`);
    expect(() => startHealth({ log, everyMs: wrong })).toThrow(
      RangeError,
    );
    expect(() => startHealth({ log, timeoutMs: wrong })).toThrow(
      'timeoutMs',
    );
    expect(() => createTestShutdown({ limitMs: wrong })).toThrow(
      'limitMs',
    );
    expect(() => createTestShutdown({ noticeMs: wrong })).toThrow(
      'noticeMs',
    );
  }
  expect(() =>
    createTestShutdown({ limitMs: 400, noticeMs: 400 }),
  ).toThrow('noticeMs must be less than limitMs');
  createTestShutdown({ limitMs: 2 ** 31 - 1, noticeMs: 0 });
  expect(addWith(0)).not.toThrow();
});

it('says goodbye while it closes, though nothing was announced', async () => {
  const gate = createGate();
  const arrived = createGate();
  await using site = await startTestServer(
    async (_request, response) => {
      arrived.open();
      await gate.opened;
      response.end('done');
    },
  );
  const agent = new Agent({ keepAlive: true });
  const waiting = get(site.url, agent);
  await arrived.opened;
  const closing = site.drain.close(new AbortController().signal);
  gate.open();

  expect((await waiting).connection).toBe('close');
  await closing;
  agent.destroy();
});

it('cuts at once when its signal is aborted already', async () => {
  const arrived = createGate();
  await using site = await startTestServer(() => arrived.open());
  const cut = expect(fetch(site.url)).rejects.toThrow('fetch failed');
  await arrived.opened;
  await site.drain.close(AbortSignal.abort());
  await cut;
});

/** The drain waits for a slow client; `server.close()` cuts it off. */
async function readSlowly() {
  // More than the buffers of the kernel take.
  const body = Buffer.alloc(32 * 1024 * 1024);
  await using site = await startTestServer(
    (_request, response) => void response.end(body),
  );
  const first = await startReading(site.port);
  const closing = site.drain.close(new AbortController().signal);
  expect(await first.countBytes()).toBeGreaterThan(body.length);
  await closing;

  await using other = await startTestServer(
    (_request, response) => void response.end(body),
  );
  const second = await startReading(other.port);
  other.server.close();
  expect(await second.countBytes()).toBeLessThan(body.length);
}

/** A client that has read the first bytes of an answer, and waits. */
async function startReading(port: number) {
  const client = connect(port, '127.0.0.1');
  client.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  await once(client, 'readable');

  async function countBytes() {
    let bytes = 0;
    client.on('data', (chunk) => {
      bytes += chunk.length;
    });
    client.on('error', () => {});
    await once(client, 'close');
    return bytes;
  }
  return { countBytes };
}
