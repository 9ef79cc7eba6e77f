import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { failure } from '@touchstone/kit/failure';
import { findFreePort } from '@touchstone/kit/free-port';
import { freshDatabase, openPool } from '@touchstone/kit/postgres';
import { startProgram } from '@touchstone/kit/program';
import { startTcpProxy } from '@touchstone/kit/tcp-proxy';
import { waitUntil } from '@touchstone/kit/wait';
import { expect } from 'vitest';
import { withDeadline } from './deadline.ts';
import { startHealth } from './health.ts';
import { prepareShutdown, ShuttingDownError } from './shutdown.ts';
import {
  createGate,
  createTestLog,
  createTestShutdown,
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
    expect(await probe(site.url)).toEqual([200, 200, 503]);
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
  'A check fails now and then',
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
    const script = createScript();
    health.watch('scripted', script.check);
    health.finishStart();
    const play = async (outcomes: string) => {
      await script.play(outcomes);
      return health.isReady();
    };

    expect(await play('+')).toBe(false);
    expect(await play('-')).toBe(false);
    expect(await play('+')).toBe(false);
    expect(await play('+')).toBe(true);
    expect(await play('--+--+-+--')).toBe(true);
    expect(await play('-')).toBe(false);
    expect(await play('-----+-+-')).toBe(false);
    expect(await play('++')).toBe(true);
    expect(await play('+++--')).toBe(true);
    expect(log.entries.map(({ message }) => message)).toEqual([
      'a check succeeds',
      'a check keeps failing',
      'a check succeeds',
    ]);
    const other = startHealth({
      log,
      everyMs: 1,
      toRed: 1,
      toGreen: 1,
    });
    other.finishStart();
    expect(other.isReady()).toBe(true);
    const second = createScript();
    other.watch('scripted', second.check);
    expect(other.isReady()).toBe(false);
    await second.play('+');
    expect(other.isReady()).toBe(true);
    await second.play('-');
    expect(other.isReady()).toBe(false);
    health.drain();
    other.drain();
    await script.play('?');
  },
);

failure(
  'A check hangs, and ignores its signal',
  {
    symptom:
      'It turns red after its time; it is not asked again before it ends',
    defence: 'ask-once',
    remains:
      'The hanging call keeps its connection: give clients a time limit of their own',
  },
  async () => {
    const log = createTestLog();
    const health = startHealth({ log, everyMs: 1, timeoutMs: 20 });
    const gate = createGate();
    const signals: AbortSignal[] = [];
    let hangs = false;
    health.watch('hanging', async (signal) => {
      if (!hangs) return;
      signals.push(signal);
      await gate.opened;
    });
    health.finishStart();
    await waitUntil('it is green', () => health.isReady());

    hangs = true;
    await waitUntil('it is red', () => !health.isReady());

    expect(signals).toHaveLength(1);
    expect(signals[0]?.aborted).toBe(true);
    expect(signals[0]?.reason).toMatchObject({
      name: 'DeadlineError',
      code: 'deadline_exceeded',
      message: 'took longer than 20 ms',
    });
    expect(log.entries.at(-1)?.details.error).toMatchObject({
      message: 'the last check has not ended',
    });
    hangs = false;
    gate.open();
    await waitUntil('it is green again', () => health.isReady());
    health.drain();
    expect(await withDeadline(60_000, async () => 'in time')).toBe(
      'in time',
    );
    await expect(
      withDeadline(60_000, () => Promise.reject(new Error('broken'))),
    ).rejects.toThrow('broken');
    const thrower = startHealth({ log, everyMs: 1, toRed: 2 });
    thrower.watch('throws', () => {
      throw new Error('at once');
    });
    await waitUntil('it is told', () =>
      log.entries.some(({ details }) =>
        String(details.error).includes('at once'),
      ),
    );
    thrower.drain();
  },
);

failure(
  'A stranger floods the probes, or reads them',
  {
    symptom:
      'Each probe is answered from memory; `{"code":"not_ready"}` is all that it tells',
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
  'Clients keep their connections open while the server stops',
  {
    symptom:
      '`connection: close` on each answer from the signal on; the server ends without waiting for them',
    defence: 'say-goodbye',
    remains:
      'A client that has not been answered since the signal finds its connection closed',
  },
  async () => {
    const gate = createGate();
    const arrived = createGate();
    const streaming = createGate();
    let slowRequests = 0;
    await using site = await startTestServer(
      async (request, response) => {
        if (request.url === '/slow') {
          slowRequests++;
          arrived.open();
          await gate.opened;
        }
        if (request.url === '/stream') {
          response.write('begun');
          streaming.open();
          await gate.opened;
        }
        response.end('done');
      },
    );
    const agents = [1, 2, 3, 4, 5].map(
      () => new Agent({ keepAlive: true }),
    );
    const [idle, slow, stream, late] = agents;
    const silent = connect(site.port, '127.0.0.1');
    await once(silent, 'connect');
    expect((await get(`${site.url}/`, idle)).connection).toBe(
      'keep-alive',
    );
    expect((await get(`${site.url}/`, late)).connection).toBe(
      'keep-alive',
    );
    const waiting = get(`${site.url}/slow`, slow);
    await arrived.opened;
    const second = get(`${site.url}/slow`, agents[4]);
    await waitUntil('both are under way', () => slowRequests === 2);
    const flowing = get(`${site.url}/stream`, stream);
    await Promise.all([arrived.opened, streaming.opened]);

    site.drain.sayGoodbye();
    expect((await get(`${site.url}/`, late)).connection).toBe('close');
    let closed = false;
    const closing = site.drain
      .close(new AbortController().signal)
      .then(() => {
        closed = true;
      });
    await expect(fetch(site.url)).rejects.toThrow('fetch failed');
    expect(closed).toBe(false);
    gate.open();

    expect(await waiting).toMatchObject({
      body: 'done',
      connection: 'close',
    });
    expect(await flowing).toMatchObject({
      body: 'begundone',
      connection: 'keep-alive',
    });
    expect(await second).toMatchObject({
      body: 'done',
      connection: 'close',
    });
    await closing;
    await closeWithoutGoodbye();
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
      'Its client sees a broken connection: requests must be safe to repeat',
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
    const close = (name: string) => async () => void closed.push(name);
    const never = () => new Promise(() => {});
    const announce = () => {
      closed.push('announced');
      throw new Error('broken');
    };
    const shutdown = createTestShutdown({ limitMs: 400, announce });
    shutdown.add({
      name: 'pool',
      limitMs: 60_000,
      close: close('pool'),
    });
    shutdown.add({ name: 'cache', limitMs: 60_000, close: never });
    shutdown.add({
      name: 'worker',
      limitMs: 60_000,
      close() {
        throw new Error('gone');
      },
    });
    shutdown.add({ name: 'queue', limitMs: 50, close: never });
    shutdown.add({
      name: 'requests',
      limitMs: 60_000,
      close: close('requests'),
    });
    const began = performance.now();

    shutdown.send('SIGTERM');

    expect(await shutdown.exited).toBe(1);
    expect(performance.now() - began).toBeGreaterThan(390);
    expect(closed).toEqual(['announced', 'requests', 'pool']);
    const { log } = shutdown;
    const failed = ['announce', 'queue', 'worker', 'cache'];
    expect(
      log.entries.map(
        ({ message, details }) => details.name ?? message,
      ),
    ).toEqual(['shutting down', ...failed, 'shut down']);
    expect(log.entries[0]?.details).toEqual({ signal: 'SIGTERM' });
    expect(log.entries[2]?.details.error).toMatchObject({
      message: 'took longer than 50 ms',
    });
    expect(log.entries.at(-1)?.details).toEqual({
      ms: expect.any(Number),
      failed,
    });
    const { ms } = log.entries.at(-1)?.details ?? {};
    expect(ms).toBeGreaterThan(390);
    const elapsed = performance.now() - began;
    expect(ms).toBeLessThanOrEqual(elapsed + 1);
    // Without its limit, the hanging closer would have gone on.
    expect(elapsed).toBeLessThan(400 + 1.5 * began);
    for (const wrong of [
      { noticeMs: 400 },
      { noticeMs: -1 },
      { noticeMs: Number.NaN },
    ])
      expect(() =>
        createTestShutdown({ limitMs: 400, ...wrong }),
      ).toThrow(RangeError);
  },
);

failure(
  'A second signal comes while the process shuts down',
  {
    symptom:
      'It ends at once: exit code 143 for SIGTERM, 130 for SIGINT',
    defence: 'receive-signal',
    remains: 'What was still open is cut off, as by a crash',
  },
  async () => {
    const shutdown = createTestShutdown({ noticeMs: 50_000 });
    shutdown.send('SIGTERM');
    expect(shutdown.codes).toEqual([]);
    shutdown.send('SIGTERM');
    shutdown.send('SIGINT');
    expect(shutdown.codes).toEqual([143, 130]);

    const byHand = createTestShutdown({ noticeMs: 50_000 });
    byHand.send('SIGINT');
    expect(await byHand.exited).toBe(0);

    await using database = await freshDatabase({ schema: SCHEMA });
    await using program = await startProgram(MAIN, {
      DATABASE_URL: database.url,
      PORT: '0',
      NOTICE_MS: '24000',
    });
    await waitUntil(
      'it is ready',
      async () => (await fetch(`${program.url}/readyz`)).ok,
    );
    await program.signal('SIGTERM');
    await waitUntil(
      'it is red',
      async () => !(await fetch(`${program.url}/readyz`)).ok,
    );
    const order = await fetch(program.url, { method: 'POST' });
    expect([order.status, order.headers.get('connection')]).toEqual([
      201,
      'close',
    ]);
    expect(await program.kill('SIGTERM')).toBe(143);
  },
);

failure(
  'SIGTERM comes during the start',
  {
    symptom:
      'What is open already is closed; the next `add` throws ShuttingDownError, so the start goes no further',
    defence: 'add-closer',
    remains:
      'A step of the start that hangs is cut off by the end of the process',
  },
  async () => {
    const closed: string[] = [];
    const close = (name: string) => async () => void closed.push(name);
    const gate = createGate();
    const shutdown = createTestShutdown();
    shutdown.add({
      name: 'pool',
      limitMs: 60_000,
      close: close('pool'),
    });
    shutdown.add({
      name: 'slow',
      limitMs: 60_000,
      close: () => gate.opened,
    });

    shutdown.send('SIGTERM');
    const addLate = () =>
      shutdown.add({
        name: 'late',
        limitMs: 60_000,
        close: close('late'),
      });
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
    expect(shutdown.codes).toEqual([0]);
    const before = ['SIGTERM', 'SIGINT'].map((name) =>
      process.listenerCount(name),
    );
    prepareShutdown({
      log: createTestLog(),
      announce() {},
      noticeMs: 0,
      limitMs: 1,
    });
    expect(
      ['SIGTERM', 'SIGINT'].map((name) => process.listenerCount(name)),
    ).toEqual(before.map((count) => count + 1));
  },
);

/** One request is under way when the server is closed at once. */
async function closeWithoutGoodbye() {
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
  let closed = false;
  const closing = site.drain
    .close(new AbortController().signal)
    .then(() => {
      closed = true;
    });
  await expect(fetch(site.url)).rejects.toThrow('fetch failed');
  expect(closed).toBe(false);
  gate.open();
  expect((await waiting).connection).toBe('close');
  await closing;
  agent.destroy();
}

async function probe(url: string) {
  const paths = ['/livez', '/startupz', '/readyz'];
  return await Promise.all(
    paths.map(async (path) => {
      const response = await fetch(`${url}${path}`);
      await response.arrayBuffer();
      return response.status;
    }),
  );
}

type Answer = { body: string; connection: string | undefined };

function get(url: string, agent: Agent | undefined): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request(url, agent ? { agent } : {}, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () =>
        resolve({ body, connection: response.headers.connection }),
      );
    })
      .on('error', reject)
      .end();
  });
}

/** A check whose outcomes a test plays one by one. */
function createScript() {
  let next = Promise.withResolvers<string>();
  let asked = createGate();

  async function check() {
    asked.open();
    const outcome = await next.promise;
    next = Promise.withResolvers();
    if (outcome === '-') throw new Error('scripted');
  }

  async function play(outcomes: string) {
    for (const outcome of outcomes) {
      await asked.opened;
      asked = createGate();
      next.resolve(outcome);
    }
    // The next question comes once the last answer is noted.
    if (outcomes !== '?') await asked.opened;
  }
  return { check, play };
}
