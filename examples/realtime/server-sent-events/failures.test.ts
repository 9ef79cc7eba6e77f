import { once } from 'node:events';
import {
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { listen } from '@touchstone/kit/app/http';
import { untilWaiting } from '@touchstone/kit/postgres/locks';
import { findFreePort } from '@touchstone/kit/programs/free-port';
import { startNginx } from '@touchstone/kit/proxies/nginx';
import { failure } from '@touchstone/kit/testing/failure';
import { createTestLog } from '@touchstone/kit/testing/log';
import { waitUntil } from '@touchstone/kit/time/wait';
import type { Pool } from 'pg';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { inTransaction } from '../../postgres/transactions-and-locking/in-transaction.ts';
import { createEventLog } from './event-log.ts';
import { createEventStreams } from './event-streams.ts';
import type { AppOptions } from './open-app.ts';
import { sendAway } from './stream-response.ts';
import {
  createGuest,
  openDatabase,
  startTestApp,
  startTestProcess,
} from './test-app.ts';
import { startProxy } from './test-proxy.ts';
import type { TestStream } from './test-reader.ts';
import { openBrowserReader, startTestSite } from './test-site.ts';
import { startTopicListener } from './topic-listener.ts';

const SITE = new URL('nginx.conf', import.meta.url);

/** What the page says to run after a backup is restored. */
const RESTORED = `update topics
  set last_id = last_id + 1000, rights = rights + 1000`;

failure(
  'A connection is cut, or the process behind it dies',
  {
    symptom:
      'The browser reconnects to the other process, and gets each event once',
    defence: 'streams-through-nginx',
    remains:
      'Events come late by the time that a browser waits before it comes back; a process that hangs is noticed after 60 seconds',
  },
  async () => {
    await using site = await startTestSite();
    await using tab = await openBrowserReader(site.url);
    const { append } = createEventLog({ db: site.pool });
    const move = () =>
      append({ topic: 'ride', type: 'moved', data: {} });
    await waitUntil(
      'the tab reads',
      async () => (await tab.state()) === 1,
    );

    // Both end before any event came.
    await site.first.kill('SIGKILL');
    await site.second.kill('SIGKILL');
    await move();
    await move();
    const again = await site.restart(site.first.url);
    await waitUntil(
      'two came',
      async () => (await tab.ids()).length === 2,
    );
    await site.restart(site.second.url);
    await again.kill('SIGKILL'); // the one that the tab reads from
    await move();
    await waitUntil(
      'three came',
      async () => (await tab.ids()).length >= 3,
    );

    expect(await tab.ids()).toEqual(['1', '2', '3']);
  },
);

failure(
  'Behind nginx, a write reaches no process, or the database fails',
  {
    symptom:
      'The write gets 502 and a failed read 500; only a stream gets 200 with `retry:`',
    defence: 'streams-through-nginx',
    remains:
      'Another proxy needs the same rule, or a client that opens a new EventSource',
  },
  async () => {
    const gone = `127.0.0.1:${await findFreePort()}`;
    await using dead = await startSite(SITE, gone);
    const send = createPlainClient(dead.url);
    for (const method of ['POST', 'PUT', 'DELETE', 'GET'])
      expect(await send(method, '/rides/ride/readers/ben')).toBe(502);
    expect(await send('POST', '/rides/ride/events')).toBe(403);
    const stream = await fetch(`${dead.url}/rides/ride/events`);
    expect(stream.status).toBe(200);
    expect(stream.headers.get('content-type')).toBe(
      'text/event-stream',
    );
    expect(await stream.text()).toBe('retry: 3000\n\n');

    await using app = await startTestApp();
    await using nginx = await startSite(SITE, new URL(app.url).host);
    const { cookie } = app.ada;
    await app.pool.query('alter table sessions rename to away');
    const ask = createPlainClient(nginx.url, { cookie });
    expect(await ask('GET', '/rides/ride')).toBe(500);
    expect(await ask('GET', '/rides/ride/events')).toBe(200);
  },
);

failure(
  'A reader is slower than its topic, or stops reading',
  {
    symptom:
      'The log has `slow reader cut`; the reader comes back and gets what it missed',
    defence: 'pump',
    remains:
      'A reader that is always slower falls behind until the log is pruned',
  },
  async () => {
    await using app = await startTestApp({ heartbeatSeconds: 0.1 });
    await startRide(app, 'idle');
    await fill(app.pool, { events: 400, bytes: 60_000 });
    const slow = await app.ada.stream('ride', { after: 0 });
    slow.response.pause();
    const [idle, sent] = app.responses.slice(-2);
    await waitUntil('it is full', () => isFull(sent));
    const write = sent && vi.spyOn(sent, 'write');
    const beat = idle && vi.spyOn(idle, 'write');
    const read = vi.spyOn(app.eventLog, 'read');
    let beats = 0;
    sent?.on('close', () => {
      beats = Number(beat?.mock.calls.length);
    });

    let held = 0;
    await waitUntil('it is cut', () => {
      held = Math.max(held, sent?.writableLength ?? 0);
      return sent?.destroyed === true;
    });

    // Less than 64 kB of one page and all of the next; no heartbeat.
    expect(held).toBeLessThan(140_000);
    expect(write).not.toHaveBeenCalled();
    expect(read).not.toHaveBeenCalled();
    await waitUntil('the third heartbeat has come', () => beats > 0);
    expect(beats).toBe(3);
    expect(app.warnings()).toEqual(['slow reader cut']);
    slow.response.resume();
    await slow.ended;
    const again = await app.ada.stream('ride', {
      lastEventId: Number(slow.lastId()),
    });
    await waitUntil('all came', () => again.lastId() === '400');
    expect([...slow.ids(), ...again.ids()]).toEqual(countTo(400));
  },
);

failure(
  'The listening connection is lost, or dead without an error',
  {
    symptom:
      'The log has `listening connection lost` with the reason; no event is missing',
    defence: 'listen',
    remains:
      'Events wait until it listens again, or for the next heartbeat',
  },
  async () => {
    await using app = await startBrokenApp({ pingSeconds: 3600 });
    const stream = await app.ada.stream('ride');
    app.proxy.cut();
    await app.append('while it was cut');
    app.proxy.restore();
    await waitUntil('it came', () => stream.received.length === 1);
    expect(app.warnings()).toContain('listening connection lost');

    await using other = await startBrokenApp({ pingSeconds: 0.2 });
    const second = await other.ada.stream('ride');
    await other.append('so that it listens');
    await waitUntil('it came', () => second.received.length === 1);
    other.proxy.freeze();
    await other.append('while it was dead');
    await waitUntil('it came', () => second.received.length === 2);
    expect([stream.comments(), second.comments()]).toEqual([0, 0]);
  },
);

failure(
  'An event is larger than the 8,000 bytes of NOTIFY, or has line breaks in it',
  {
    symptom:
      'It comes complete, as one event; more than 64 kB is refused (23514)',
    defence: 'append',
    remains: 'Large events fill the memory of the browser: send a link',
  },
  async () => {
    await using app = await startTestApp();
    const stream = await app.ada.stream('ride');
    const evil =
      'end\r\n\r\nid: 999\nevent: reset\ndata: x\n\n\u2028\u0000🚲';
    const data = { evil, bulk: '\n'.repeat(20_000) };

    await app.append(data);
    await app.append('x'.repeat(65_534));

    await waitUntil('two came', () => stream.received.length === 2);
    expect(stream.received[0]).toMatchObject({ id: 1, type: 'moved' });
    expect(JSON.parse(stream.received[0]?.data ?? '')).toEqual(data);
    const refused = { code: '23514' };
    const tooLarge = app.append('x'.repeat(65_535));
    await expect(tooLarge).rejects.toMatchObject(refused);
    for (const [type, text] of [
      ['moved', 'two\nlines'],
      ['moved', 'two\rlines'],
      ['moved', ''],
      ['two\nlines', '1'],
      ['reset', '1'],
      ['open', '1'],
      ['error', '1'],
    ]) {
      const raw = app.pool.query(
        `insert into events (topic, id, type, data)
         values ('ride', 7, $1, $2)`,
        [type, text],
      );
      await expect(raw).rejects.toMatchObject(refused);
    }
  },
);

failure(
  'Two transactions commit in another order than they wrote',
  {
    symptom:
      'The second writer waits for the first; readers get both, in order',
    defence: 'append',
    remains:
      'A transaction that stays open stops the writers of its topic',
  },
  async () => {
    await using app = await startTestApp();
    const stream = await app.ada.stream('ride');
    const { append } = app.eventLog;
    const event = (data: string, topic = 'ride') => ({
      topic,
      type: 'moved',
      data,
    });

    for (const end of ['commit', 'rollback']) {
      const writer = await app.pool.connect();
      await writer.query('begin');
      await append(event('first'), writer);
      const second = append(event('second'));
      await append(event('elsewhere', 'other')); // waits for nothing
      await untilWaiting(app.pool);
      await writer.query(end);
      writer.release();
      await second;
    }

    await waitUntil('three came', () => stream.received.length >= 3);
    expect(stream.received.map(({ id, data }) => [id, data])).toEqual([
      [1, '"first"'],
      [2, '"second"'],
      [3, '"second"'],
    ]);
  },
);

failure(
  'Two transactions append to the same two topics',
  {
    symptom:
      'Sorted by topic, both commit; in opposite orders one gets 40P01, and runs again',
    defence: 'append-last',
    remains:
      'Your own rows can still deadlock, if transactions lock them in different orders',
  },
  async () => {
    await using app = await startTestApp();
    const appendBoth = (attempts: number, topics: string[]) => {
      let isFirst = true;
      const options = { attempts };
      return inTransaction(app.pool, options, async (tx) => {
        for (const topic of topics) {
          const event = { topic, type: 'moved', data: 1 };
          await app.eventLog.append(event, tx);
          if (isFirst) await meet();
          isFirst = false;
        }
      });
    };
    let meet = createMeeting(2);
    const crossed = await Promise.allSettled([
      appendBoth(1, ['a', 'b']),
      appendBoth(1, ['b', 'a']),
    ]);
    const failed = crossed.filter(
      ({ status }) => status !== 'fulfilled',
    );
    expect(failed).toMatchObject([{ reason: { code: '40P01' } }]);

    meet = createMeeting(2);
    await Promise.all([
      appendBoth(5, ['a', 'b']),
      appendBoth(5, ['b', 'a']),
    ]);
    meet = async () => {};
    await Promise.all(countTo(20).map(() => appendBoth(1, ['a', 'b'])));
    const last = await app.eventLog.readStates(['a', 'b']);
    expect([...last.values()]).toEqual([
      { last: 23, rights: 0 },
      { last: 23, rights: 0 },
    ]);
  },
);

failure(
  'A reader loses the right to read, logs out or is renamed while the stream is open',
  {
    symptom:
      'The stream ends before the next event; the browser asks again, gets 403 or 401, and gives up',
    defence: 'revoke-in-order',
    remains:
      'A reader keeps what came before; a login outlasts its end by up to three heartbeats',
  },
  async () => {
    await using app = await startTestApp();
    const secrets: string[] = [];
    const ways = [
      () => app.access.revoke('ride', 'ben'),
      () => app.pool.query(`delete from sessions where name = 'ben'`),
      () =>
        app.pool.query(
          `update sessions set expires_at = '2020-01-01'
           where name = 'ben'`,
        ),
      () =>
        app.pool.query(
          `update topic_readers set name = 'eve' where name = 'ben'`,
        ),
    ];

    for (let round = 0; round < 24; round++) {
      await app.ada.grant('ride', 'ben');
      const ben = await createGuest(app.url, 'ben');
      const stream = await ben.stream('ride');
      await ways[round % 4]?.();
      await app.append(1);
      await stream.ended;
      secrets.push(...stream.received.map(({ data }) => data));
      await app.access.revoke('ride', 'ben');
      await app.access.revoke('ride', 'eve');
    }
    expect(secrets).toEqual([]);
    const ben = await createGuest(app.url, 'ben');
    expect(await ben.send('GET', '/rides/ride/events')).toMatchObject({
      status: 403,
      body: {
        code: 'not_a_reader',
        detail: 'You may not read this topic',
      },
    });

    // Without an event and without a heartbeat, it ends as well.
    const stream = await app.ada.stream('ride');
    await app.ada.logOut();
    await stream.ended;
    expect((await app.ada.stream('ride')).status).toBe(401);
  },
);

failure(
  'A proxy holds events back, or cuts a stream that is silent',
  {
    symptom:
      'Events pass nginx at once, even with gzip; a silent stream stays open',
    defence: 'begin-stream',
    remains:
      'Other proxies may ignore these headers: try with `curl -N`',
  },
  async () => {
    await using app = await startTestApp({ heartbeatSeconds: 0.05 });
    const site = writeSite(
      'location / {',
      `gzip on;
       gzip_types text/event-stream;
       gzip_proxied any;
       proxy_read_timeout 1s;
       location / {`,
    );
    await using nginx = await startSite(site, new URL(app.url).host);
    const stream = await app.ada.stream('ride', { url: nginx.url });

    for (let km = 1; km <= 3; km++) {
      await app.append({ km });
      await waitUntil('it came', () => stream.received.length === km);
    }
    const before = stream.comments();
    await waitUntil(
      'more than a second of silence has passed',
      () => stream.comments() >= before + 30,
    );
    await app.append('after the silence');
    await waitUntil('it came', () => stream.received.length === 4);
    expect(stream.retries).toEqual([20]); // one connection, never cut
    const direct = await app.ada.stream('ride');
    expect(direct.response.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    });
  },
);

failure(
  'A reader asks for events that were deleted or never existed',
  {
    symptom: 'It gets a `reset` event, and loads its state again',
    defence: 'tell-a-gap',
    remains:
      'Its client must know what to do at a `reset`; a restored backup needs your help',
  },
  async () => {
    await using app = await startTestApp();
    for (let km = 1; km <= 6; km++) await app.append({ km });
    await app.pool.query(
      `update events set created_at = '2020-01-01' where id <= 3`,
    );
    expect(await app.eventLog.prune({ hours: 48, batch: 9 })).toBe(3);
    await app.pool.query('delete from events where id = 5');
    const seen = async (lastEventId: number, end = '6') => {
      const stream = await app.ada.stream('ride', { lastEventId });
      await waitUntil('it caught up', () => stream.lastId() === end);
      return stream.received.map(({ id, type }) => `${id} ${type}`);
    };

    expect(await seen(1)).toEqual(['6 reset']);
    expect(await seen(3)).toEqual(['4 moved', '6 reset']);
    expect(await seen(5)).toEqual(['6 moved']);
    expect(await seen(99)).toEqual(['6 reset']); // the log was set back
    // After a backup is restored, this resets all readers.
    await app.pool.query(RESTORED);
    await app.append('new');
    expect(await seen(8, '1007')).toEqual(['1007 reset']);
  },
);

describe('nginx', () => {
  it('answers a stream with `retry:` when the app fails, and passes on what is final', async () => {
    await using app = await listen(({ url }, response) => {
      response.writeHead(Number(url?.split('/')[2])).end('said');
    });
    await using nginx = await startSite(SITE, new URL(app.url).host);
    const ask = async (status: number) => {
      const url = `${nginx.url}/rides/${status}/events`;
      return await (await fetch(url)).text();
    };

    for (const status of [500, 502, 503, 504])
      expect(await ask(status)).toBe('retry: 3000\n\n');
    for (const status of [200, 401, 403, 404])
      expect(await ask(status)).toBe('said');
  });

  it('sends a stream to the process that has the fewest', async () => {
    const ends: (() => void)[] = [];
    const hold = (name: string) =>
      listen(
        (_request, response) => {
          const buffering = { 'x-accel-buffering': 'no' };
          response.writeHead(200, { ...buffering, name });
          response.write(':\n\n');
          if (name === 'first') ends.push(() => response.end());
        },
        { graceSeconds: 0 },
      );
    await using first = await hold('first');
    await using second = await hold('second');
    await using nginx = await startNginx({
      site: SITE,
      values: {
        APP_1: new URL(first.url).host,
        APP_2: new URL(second.url).host,
      },
    });
    const start = async () => {
      const response = await fetch(`${nginx.url}/rides/a/events`);
      return { name: response.headers.get('name'), response };
    };
    const streams = [];
    for (const _n of [1, 2, 3, 4]) streams.push(await start());
    const leaving = streams.filter(({ name }) => name === 'first');
    expect(leaving).toHaveLength(2);

    for (const end of ends) end();
    for (const { response } of leaving) await response.text();

    expect([(await start()).name, (await start()).name]).toEqual([
      'first',
      'first',
    ]);
  });

  it('asks each process again at once after it could not be reached', async () => {
    const ports = [await findFreePort(), await findFreePort()];
    const [first, second] = ports.map((port) => `127.0.0.1:${port}`);
    await using nginx = await startNginx({
      site: SITE,
      values: { APP_1: `${first}`, APP_2: `${second}` },
    });
    const ask = createPlainClient(nginx.url);
    expect(await ask('GET', '/')).toBe(502);

    for (const port of ports) {
      await using _app = await listen(
        (_request, response) => response.end(),
        { port },
      );
      expect(await ask('GET', '/')).toBe(200);
    }
  });
});

describe('a listener', () => {
  it('gives up a server that never answers, and stops at once', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const log = createTestLog();
    const listener = startTopicListener({
      url: `postgres://a@127.0.0.1:${port}/a`,
      wake: () => {},
      log,
      pingSeconds: 0.1,
      retryMilliseconds: 20,
    });

    await waitUntil('it tries again', () => log.entries.length > 2);

    await listener.stop();
    silent.close();
  });

  it('leaves no connection behind when it is stopped while its server is frozen', async () => {
    const countSockets = () =>
      process
        .getActiveResourcesInfo()
        .filter((name) => name === 'TCPSocketWrap').length;
    await using database = await openDatabase();
    await using proxy = await startProxy(database.url);
    const { url } = proxy;
    const before = countSockets();
    const log = createTestLog();
    const listener = startTopicListener({
      url,
      wake: () => {},
      log,
      pingSeconds: 3600,
      retryMilliseconds: 20,
    });
    await waitUntil('it listens', () => isListening(database));
    proxy.freeze();

    await listener.stop();

    expect(log.entries).toEqual([]);

    // Two of them are the ends of the proxy.
    await waitUntil('it is gone', () => countSockets() <= before + 2);
  });
});

describe('the tables', () => {
  it('have a value in each column, and events of a topic that is there', async () => {
    await using app = await startTestApp();
    const { rows } = await app.pool.query(
      `select column_name
       from information_schema.columns
       where table_schema = 'public' and is_nullable = 'YES'`,
    );
    expect(rows).toEqual([]);
    const lost = app.pool.query(
      `insert into events (topic, id, type, data)
       values ('nowhere', 1, 'moved', '1')`,
    );
    await expect(lost).rejects.toMatchObject({ code: '23503' });
    await app.append(1);
    const twice = app.pool.query(
      'insert into events select * from events',
    );
    await expect(twice).rejects.toMatchObject({ code: '23505' });
    for (const name of ['', 'A', 'a/b', 'a'.repeat(65)])
      await expect(app.append(1, name)).rejects.toMatchObject({
        code: '23514',
      });
  });

  it('lead to old events by an index', async () => {
    await using app = await startTestApp();
    const client = await app.pool.connect();
    await client.query('set enable_seqscan = off');

    const { rows } = await client.query(
      'explain select from events where created_at < now()',
    );

    client.release(true);
    expect(JSON.stringify(rows)).toContain('events_by_age');
  });
});

describe('sendAway', () => {
  it('tells each reader a time of its own, from half to one and a half of the pause', async () => {
    await using app = await listen((_request, response) =>
      sendAway(response, 1000),
    );
    const times: number[] = [];
    while (times.length < 200) {
      const response = await fetch(app.url);
      const text = await response.text();
      expect(response.headers.get('content-type')).toBe(
        'text/event-stream',
      );
      times.push(Number(/^retry: (\d+)\n\n$/.exec(text)?.[1]));
    }

    const [least = 0, most = 0] = [
      Math.min(...times),
      Math.max(...times),
    ];
    expect(least).toBeGreaterThanOrEqual(500);
    expect(least).toBeLessThan(700);
    expect(most).toBeGreaterThan(1300);
    expect(most).toBeLessThanOrEqual(1500);
  });
});

describe('a process', () => {
  it('warns of the first read that fails, before any heartbeat', async () => {
    await using app = await startTestApp();
    await app.ada.stream('ride');
    await app.pool.query('alter table events rename to away');

    app.streams.wake('ride');

    await waitUntil('it warned', () => app.warnings().length === 1);
  });

  it('brings the event with the next heartbeat when a notification is lost, with one query for all topics', async () => {
    await using app = await startBrokenApp({ heartbeatSeconds: 0.1 });
    app.proxy.cut();
    const guests = await Promise.all(
      countTo(5).map((n) => startRide(app, `ride-${n}`)),
    );
    const [first] = guests;
    await app.append('so that all have read', 'ride-1');
    await waitUntil('it came', () => first?.received.length === 1);
    const before = first?.comments() ?? 0;
    const queries = vi.spyOn(app.pool, 'query');

    await app.append('nobody heard', 'ride-1');
    await waitUntil('it came', () => first?.received.length === 2);

    // One query for five topics, and a read for the one with news.
    const beats = (first?.comments() ?? 0) - before;
    const reads = listQueries(queries).filter((sql) =>
      sql.includes('following'),
    );
    expect(reads).toHaveLength(1);
    expect(queries.mock.calls.length).toBeLessThanOrEqual(beats + 4);
    await app.pool.query(`delete from rides where name = 'ride-1'`);
    await first?.ended; // a revocation that nothing heard
    expect(guests[1]?.response.destroyed).toBe(false);
  });

  it('keeps its streams when the database fails, and warns once a heartbeat', async () => {
    await using app = await startTestApp({ heartbeatSeconds: 0.2 });
    const streams = await Promise.all(
      countTo(20).map(() => app.ada.stream('ride')),
    );
    await app.pool.query('alter table events rename to away');
    app.streams.wake('ride');
    await waitUntil('a read failed', () =>
      app.warnings().includes('reading the log failed'),
    );
    await waitUntil('it warns again', () => {
      app.streams.wake('ride');
      return app.warnings().length > 1;
    });
    const [first] = streams;
    expect(app.warnings().length).toBeLessThanOrEqual(
      (first?.comments() ?? 0) + 1,
    );

    await app.pool.query('alter table away rename to events');
    await app.append(1);

    await waitUntil('it came', () =>
      streams.every(({ received }) => received.length === 1),
    );
  });

  it('ends streams whose login ends, at the next heartbeat', async () => {
    await using app = await startTestApp({ heartbeatSeconds: 0.05 });
    const stream = await app.ada.stream('ride');
    app.clock.advance({ hours: 7, minutes: 59 });
    const before = stream.comments();
    await waitUntil('it goes on', () => stream.comments() > before + 1);

    app.clock.advance({ minutes: 1 });

    await stream.ended;
    expect((await app.ada.stream('ride')).status).toBe(401);
  });

  it('ends a stream whose login ends while its reader is slow', async () => {
    await using app = await startTestApp({ heartbeatSeconds: 0.2 });
    await fill(app.pool, { events: 400, bytes: 60_000 });
    const slow = await app.ada.stream('ride', { after: 0 });
    slow.response.pause();
    const sent = app.responses.at(-1);
    await waitUntil('it is full', () => isFull(sent));

    app.clock.advance({ hours: 8 });

    await waitUntil('it is cut', () => sent?.destroyed === true);
    expect(sent?.writableEnded).toBe(true);
  });

  it('refuses intervals that Node takes for 1 ms, and a limit that is none', async () => {
    await using app = await startTestApp();
    const { findReaders } = app.access;
    const services = {
      ...app,
      findReaders,
      log: console,
      heartbeatSeconds: 3600,
      retryMilliseconds: 20,
      maxStreams: 1,
    };
    createEventStreams(services).stop();
    const listener = {
      url: '',
      wake: () => {},
      log: console,
      retryMilliseconds: 20,
    };

    for (const wrong of [0, -1, Number.NaN, 3601]) {
      const beat = { ...services, heartbeatSeconds: wrong };
      expect(() => createEventStreams(beat)).toThrow(RangeError);
      const ping = { ...listener, pingSeconds: wrong };
      expect(() => startTopicListener(ping)).toThrow(RangeError);
    }
    for (const maxStreams of [0, Number.NaN]) {
      const none = { ...services, maxStreams };
      expect(() => createEventStreams(none)).toThrow(RangeError);
    }
  });

  it('checks all readers of a topic with one query when one of them loses the right', async () => {
    await using app = await startTestApp();
    const guests = await Promise.all(
      countTo(60).map(async (n) => {
        await app.access.grant('ride', `guest-${n}`);
        return await createGuest(app.url, `guest-${n}`);
      }),
    );
    const streams = await Promise.all(
      guests.map((guest) => guest.stream('ride')),
    );
    await app.append(1);
    await waitUntil('all read', () =>
      streams.every(({ received }) => received.length === 1),
    );
    const queries = vi.spyOn(app.pool, 'query');

    await app.access.revoke('ride', 'guest-1');
    await streams[0]?.ended;
    await app.append(2);

    await waitUntil('all others have it', () =>
      streams.slice(1).every(({ received }) => received.length === 2),
    );
    const checks = listQueries(queries).filter((sql) =>
      sql.includes('join topic_readers'),
    );
    expect(checks).toHaveLength(1);
    expect(streams[0]?.ids()).toEqual([1]);
  });

  it('ends its streams when the process is stopped, with exit code 0, and its readers go to another one', async () => {
    await using site = await startTestSite();
    const ada = await createGuest(site.first.url, 'ada');
    await ada.create('ride');
    const streams = await Promise.all(
      countTo(20).map(() => ada.stream('ride')),
    );
    await ada.move('ride', 1);

    const stopped = site.first.kill('SIGTERM');
    await Promise.all(streams.map(({ ended }) => ended));
    expect(await stopped).toBe(0);

    const { append } = createEventLog({ db: site.pool });
    await append({ topic: 'ride', type: 'moved', data: 'after' });
    for (const stream of streams) {
      const again = await ada.stream('ride', {
        url: site.url, // nginx knows who is left
        lastEventId: Number(stream.lastId()),
      });
      await waitUntil('it resumed', () => again.lastId() === '2');
      expect([...stream.ids(), ...again.ids()]).toEqual([1, 2]);
      again.cut();
    }
    // Each was told to wait for a time of its own.
    const waits = new Set(streams.map(({ retries }) => retries.at(-1)));
    expect(waits.size).toBeGreaterThan(5);
  });

  it('sends an event to a thousand readers after one read, and tells readers over `maxStreams` to come back', async () => {
    await using app = await startTestApp({ maxStreams: 1000 });
    const streams: TestStream[] = [];
    while (streams.length < 1000) {
      const some = countTo(50).map(() => app.ada.stream('ride'));
      streams.push(...(await Promise.all(some)));
    }
    const read = vi.spyOn(app.eventLog, 'read');

    for (let km = 1; km <= 10; km++) await app.append({ km });
    await waitUntil('all have all', () =>
      streams.every((stream) => stream.received.length >= 10),
    );

    expect(streams.map((stream) => stream.ids().join())).toEqual(
      streams.map(() => countTo(10).join()),
    );
    expect(read.mock.calls.length).toBeLessThanOrEqual(12);
    const { rows } = await app.pool.query(
      `select application_name as name, count(*)::int
       from pg_stat_activity
       where datname = current_database()
       group by 1 having application_name <> ''`,
    );
    expect(rows).toContainEqual({ name: 'topic-listener', count: 1 });
    const surplus = await app.ada.stream('ride');
    await surplus.ended;
    expect(surplus).toMatchObject({ status: 200, received: [] });
    expect(surplus.retries).toHaveLength(1);
    for (const stream of streams) stream.cut();
    await waitUntil('nobody is left', () => app.streams.count() === 0);
  });
});

describe('a stream', () => {
  it('sends each event as it is appended, without a heartbeat', async () => {
    await using app = await startTestApp();
    const stream = await app.ada.stream('ride');

    for (let km = 1; km <= 3; km++) await app.ada.move('ride', km);

    await waitUntil('three came', () => stream.received.length === 3);
    expect(stream.received).toEqual([
      { id: 1, type: 'moved', data: '{"km":1}' },
      { id: 2, type: 'moved', data: '{"km":2}' },
      { id: 3, type: 'moved', data: '{"km":3}' },
    ]);
    expect(stream.comments()).toBe(0);
  });

  it('begins where the URL says, and a Last-Event-ID is newer than the URL', async () => {
    await using app = await startTestApp();
    for (let km = 1; km <= 4; km++) await app.append({ km });

    const begun = await app.ada.stream('ride', { after: 1 });
    const resumed = await app.ada.stream('ride', {
      after: 1,
      lastEventId: 3,
    });

    await waitUntil('all came', () => begun.lastId() === '4');
    await waitUntil('it came', () => resumed.lastId() === '4');
    expect([begun.ids(), resumed.ids()]).toEqual([[2, 3, 4], [4]]);
  });

  it('begins now without a place or with an empty one, and says which id that is', async () => {
    await using app = await startTestApp();
    await app.append({ km: 1 });
    const { cookie } = app.ada;

    const stream = await app.ada.stream('ride');
    const empty = await openEmpty(
      `${app.url}/rides/ride/events`,
      cookie,
    );

    await waitUntil('it began', () => stream.lastId() === '1');
    expect(stream.received).toEqual([]);
    expect(empty).toBe('retry: 20\nid: 1\n\n');
    // Were it cut here, the browser would ask for the event again.
    const behind = await openEmpty(
      `${app.url}/rides/ride/events?after=0`,
      cookie,
      {},
    );
    expect(behind).toMatch(/^retry: 20\nid: 0\n\n/);
  });

  it('has no seam between the log and what is new, no matter how often it is cut', async () => {
    await using app = await startTestApp();
    await using other = await startTestProcess(app.database.url);
    const writing = writeEvents(app.append, 300);
    const ids: number[] = [];

    for (let turn = 0; ids.length < 300; turn++) {
      const stream = await app.ada.stream('ride', {
        url: turn % 2 ? app.url : other.url,
        lastEventId: ids.at(-1) ?? 0,
      });
      await waitUntil('some came', () => stream.received.length > 0);
      stream.cut();
      await stream.ended;
      ids.push(...stream.ids());
    }

    await writing;
    expect(ids).toEqual(countTo(300));
  });

  it('goes on after a full page of events, or of bytes', async () => {
    await using app = await startTestApp();
    const stream = await app.ada.stream('ride');

    await fill(app.pool, { events: 300, bytes: 10 });
    await fill(app.pool, { events: 5, bytes: 60_000 });

    await waitUntil('all came', () => stream.received.length === 305);
    expect(stream.ids()).toEqual(countTo(305));
    expect(stream.comments()).toBe(0);
  });

  it('gets the events of its own topic, though another has the same ids', async () => {
    await using app = await startBrokenApp({});
    app.proxy.cut();
    const rides = ['ride-1', 'ride-2', 'ride-3'];
    const streams = await Promise.all(
      rides.map((ride) => startRide(app, ride)),
    );

    for (const ride of rides)
      for (const n of [1, 2]) await app.append(`${ride} ${n}`, ride);
    app.streams.wake(); // all read at once, from the same place
    await waitUntil('all came', () =>
      streams.every(({ received }) => received.length === 2),
    );

    expect(
      streams.map(({ received }) => received.map(({ data }) => data)),
    ).toEqual(rides.map((ride) => [`"${ride} 1"`, `"${ride} 2"`]));
    const again = await Promise.all(
      rides.map((ride) => app.ada.stream(ride, { after: 1 })),
    );
    await waitUntil('all came', () =>
      again.every(({ received }) => received.length === 1),
    );
    expect(again.map(({ received }) => received[0]?.data)).toEqual(
      rides.map((ride) => `"${ride} 2"`),
    );
  });

  it('goes on when its socket has drained, without a heartbeat', async () => {
    await using app = await startTestApp();
    await fill(app.pool, { events: 400, bytes: 60_000 });
    const stream = await app.ada.stream('ride', { after: 0 });
    for (const _round of [1, 2]) {
      stream.response.pause();
      await waitUntil('it is full', () => isFull(app.responses.at(-1)));
      stream.response.resume();
      await waitUntil(
        'it drained',
        () => !isFull(app.responses.at(-1)),
      );
    }

    await waitUntil('all came', () => stream.lastId() === '400');

    expect(stream.comments()).toBe(0);
  });

  it('has its heartbeat and its end like all others, and leaves nothing behind', async () => {
    await using app = await startTestApp({ heartbeatSeconds: 0.1 });
    const streams = [
      await app.ada.stream('ride'),
      await app.ada.stream('ride'),
      await startRide(app, 'ride-2'),
    ];
    await waitUntil('each has its heartbeat', () =>
      streams.every((stream) => stream.comments() > 1),
    );
    const readStates = vi.spyOn(app.eventLog, 'readStates');

    app.streams.stop();

    await Promise.all(streams.map(({ ended }) => ended));
    await waitUntil('all are gone', () => app.streams.count() === 0);
    app.streams.wake();
    await waitUntil('it asks', () => readStates.mock.calls.length > 0);
    await waitUntil('it asks for none', () => {
      return readStates.mock.lastCall?.[0].length === 0;
    });
  });

  it('reads the oldest events first, however Postgres finds them', async () => {
    await using app = await startTestApp();
    await fill(app.pool, { events: 200, bytes: 10 });
    await app.pool.query(
      `with moved as (delete from events returning *)
       insert into events
       select * from moved
       order by id desc`,
    );
    const client = await app.pool.connect();
    await client.query(
      'set enable_indexscan = off; set enable_bitmapscan = off',
    );

    const { bytes, next } = await createEventLog({ db: client }).read(
      'ride',
      0,
    );

    client.release(true);
    expect(next).toBe(128);
    expect(`${bytes}`.match(/^id: \d+$/gm)).toEqual(
      countTo(128).map((id) => `id: ${id}`),
    );
  });

  it('gets what is appended while it opens', async () => {
    await using app = await startTestApp();
    const { read } = app.eventLog;
    vi.spyOn(app.eventLog, 'read').mockImplementationOnce(
      async (topic, after) => {
        const chunk = await read(topic, after);
        await app.append('meanwhile');
        return chunk;
      },
    );

    const stream = await app.ada.stream('ride');

    await waitUntil('it came', () => stream.received.length === 1);
  });

  it.each(['notification', 'comparison'])(
    'does not take the news of a %s from a read that began before it',
    async (by) => {
      await using app = await startBrokenApp({});
      if (by === 'comparison') app.proxy.cut();
      const { read } = app.eventLog;
      const spy = vi.spyOn(app.eventLog, 'read');
      const idle = await app.ada.stream('ride');
      await waitUntil(
        'it waits',
        () => spy.mock.settledResults[1]?.type === 'fulfilled',
      );
      spy.mockClear();
      const gate = Promise.withResolvers<void>();
      spy.mockImplementationOnce(read);
      spy.mockImplementationOnce(async (topic, after) => {
        const old = await read(topic, after);
        await gate.promise;
        return old;
      });
      const opening = await app.ada.stream('ride');
      await waitUntil('it reads', () => spy.mock.calls.length === 2);

      await app.append('news');
      if (by === 'comparison') app.streams.wake();

      await waitUntil('it came', () => idle.received.length === 1);
      gate.resolve();
      await waitUntil('it came', () => opening.received.length === 1);
    },
  );

  it('is checked again when the right is lost while it opens', async () => {
    await using app = await startTestApp();
    await app.access.grant('ride', 'ben');
    const ben = await createGuest(app.url, 'ben');
    const query = app.pool.query.bind(app.pool);
    const spy = vi.spyOn(app.pool, 'query');
    spy.mockImplementation(async (...rest: unknown[]) => {
      const answer = await Reflect.apply(query, app.pool, rest);
      if (!`${rest[0]}`.includes('join topic_readers')) return answer;
      spy.mockRestore();
      await app.access.revoke('ride', 'ben');
      await app.append('secret');
      return answer;
    });

    const stream = await ben.stream('ride');

    await stream.ended;
    expect(stream.status).toBe(200);
    expect(stream.received).toEqual([]);
  });

  it.each(['ended', 'cut'])(
    'is not written to when it was %s while it read',
    async (how) => {
      await using app = await startTestApp();
      const { read } = app.eventLog;
      const stream = await app.ada.stream('ride');
      const gate = Promise.withResolvers<void>();
      const spy = vi.spyOn(app.eventLog, 'read');
      spy.mockImplementation(async (topic, after) => {
        const chunk = await read(topic, after);
        if (chunk.bytes.length > 0) await gate.promise;
        return chunk;
      });
      await app.append(1);
      await waitUntil('it reads', () => spy.mock.calls.length > 0);
      const sent = app.responses.at(-1);
      if (how === 'cut') sent?.destroy();
      else app.streams.stop();
      await stream.ended;
      const write = sent && vi.spyOn(sent, 'write');

      gate.resolve();
      await Promise.all(spy.mock.results.map(({ value }) => value));

      expect(write).not.toHaveBeenCalled();
    },
  );

  it('is checked again when a backup was restored, which had an older count', async () => {
    await using app = await startTestApp();
    for (const name of ['ben', 'eve'])
      await app.access.grant('ride', name);
    await app.access.revoke('ride', 'eve');
    const ben = await createGuest(app.url, 'ben');
    const stream = await ben.stream('ride');

    await app.pool.query('update topics set rights = 0');
    await app.pool.query(RESTORED);
    await app.access.revoke('ride', 'ben');
    await app.append('secret');

    await stream.ended;
    expect(stream.received.map(({ type }) => type)).not.toContain(
      'moved',
    );
  });

  it('goes on for those who stay when somebody else loses the right', async () => {
    await using app = await startTestApp();
    await app.ada.grant('ride', 'ben');
    const stream = await app.ada.stream('ride');

    await app.ada.revoke('ride', 'ben');
    await app.append(1);
    await app.append(2);

    await waitUntil('two came', () => stream.received.length === 2);
    expect(stream.ids()).toEqual([1, 2]);
  });

  it('ends with many others in one transaction, without a deadlock with appends in order', async () => {
    await using app = await startTestApp();
    const topics = [...'abcdefgh'];
    await inTransaction(app.pool, async (tx) => {
      const append = (topic: string) =>
        app.eventLog.append({ topic, type: 'moved', data: 1 }, tx);
      await append('a');
      const recheck = app.pool.query('select recheck_readers($1)', [
        [...topics.toReversed(), 'a'],
      ]);
      recheck.catch(() => {});
      await untilWaiting(app.pool);
      for (const topic of topics) await append(topic);
    });

    await waitUntil('all are counted', async () => {
      const states = await app.eventLog.readStates(topics);
      const rights = [...states.values()].map((state) => state.rights);
      return rights.join() === '1,1,1,1,1,1,1,1';
    });
  });

  it('is not cut when it drains now and then', async () => {
    await using app = await startTestApp({ heartbeatSeconds: 0.7 });
    const witness = await app.ada.stream('ride');
    await fill(app.pool, { events: 400, bytes: 60_000 });
    const slow = await app.ada.stream('ride', { after: 0 });
    const sent = app.responses.at(-1);

    for (const _round of [1, 2]) {
      slow.response.pause();
      await waitUntil('it is full', () => isFull(sent));
      const before = witness.comments();
      await waitUntil(
        'two beats',
        () => witness.comments() > before + 1,
      );
      slow.response.resume();
      await waitUntil('it drained', () => !isFull(sent));
    }

    await waitUntil('all came', () => slow.lastId() === '400');
    expect(app.warnings()).toEqual([]);
  });

  it('ends when its ride is deleted', async () => {
    await using app = await startTestApp();
    const stream = await app.ada.stream('ride');

    await app.pool.query('delete from rides');

    await stream.ended;
    expect((await app.ada.stream('ride')).status).toBe(403);
  });

  it('is not kept when its reader leaves before it begins', async () => {
    await using app = await startTestApp();
    const blocker = await app.pool.connect();
    await blocker.query('begin; lock table topics');
    const abort = new AbortController();
    const asking = fetch(`${app.url}/rides/ride/events`, {
      headers: { cookie: app.ada.cookie },
      signal: abort.signal,
    });
    await untilWaiting(app.pool);

    abort.abort();
    await expect(asking).rejects.toThrow();
    const left = app.responses.at(-1);
    await waitUntil('it has left', () => left?.destroyed === true);
    await blocker.query('commit');
    blocker.release();

    const stream = await app.ada.stream('ride');
    await waitUntil('one is left', () => app.streams.count() === 1);
    stream.cut();
  });

  it('is a header only for HEAD', async () => {
    await using app = await startTestApp();

    const { status } = await app.ada.send('HEAD', '/rides/ride/events');

    expect([status, app.streams.count()]).toEqual([200, 0]);
  });

  it('is cut when its end is not read either, and can be stopped until then', async () => {
    await using app = await startTestApp({ heartbeatSeconds: 0.2 });
    await fill(app.pool, { events: 400, bytes: 60_000 });
    const stream = await app.ada.stream('ride', { after: 0 });
    stream.response.pause();
    const sent = app.responses.at(-1);
    await waitUntil('it is full', () => isFull(sent));
    sent?.end();

    await waitUntil('it is cut', () => sent?.destroyed === true);

    await waitUntil('it is gone', () => app.streams.count() === 0);
    expect(app.warnings()).toEqual(['slow reader cut']);
  });

  it('is not begun by a process that stops', async () => {
    await using app = await startTestApp();
    const open = await app.ada.stream('ride');
    app.streams.stop();
    app.streams.stop(); // again does no harm

    const late = await app.ada.stream('ride');

    await Promise.all([open.ended, late.ended]);
    expect(late.status).toBe(200);
    expect(late.retries).toHaveLength(1);
    expect(app.streams.count()).toBe(0);
  });
});

describe('pruning', () => {
  it('deletes what is older, a batch at a time', async () => {
    await using app = await startTestApp();
    for (let km = 1; km <= 6; km++) await app.append({ km });
    await app.pool.query(
      `update events
       set created_at = now() - make_interval(hours => 50 - id::int)`,
    );
    const queries = vi.spyOn(app.pool, 'query');

    // Ids 1 to 4 are 46 to 49 hours old: only they are over 45.5.
    const pruned = await app.eventLog.prune({ hours: 45.5, batch: 2 });

    expect(pruned).toBe(4);
    expect(queries).toHaveBeenCalledTimes(3);
    const { rows } = await app.pool.query('select id from events');
    expect(rows).toEqual([{ id: '5' }, { id: '6' }]);
  });

  it('leaves events out that another process is deleting, and refuses to delete all', async () => {
    await using app = await startTestApp();
    for (let km = 1; km <= 4; km++) await app.append({ km });
    await app.pool.query(`update events set created_at = '2020-01-01'`);
    await inTransaction(app.pool, async (tx) => {
      await tx.query('select from events where id = 1 for update');
      const pruned = app.eventLog.prune({ hours: 1, batch: 2 });
      expect(await pruned).toBe(3);
    });
    for (const hours of [0, -1, Number.NaN])
      await expect(
        app.eventLog.prune({ hours, batch: 2 }),
      ).rejects.toThrow('hours must be more than 0');
    expect(await app.eventLog.prune({ hours: 0.5, batch: 2 })).toBe(1);
  });
});

describe('an append', () => {
  it('commits with the transaction it is given, or not at all', async () => {
    await using app = await startTestApp();
    const stream = await app.ada.stream('ride');
    const event = { topic: 'ride', type: 'moved', data: 1 };
    const undone = inTransaction(app.pool, async (tx) => {
      await app.eventLog.append(event, tx);
      // Its age is its own, not that of the transaction.
      const { rows } = await tx.query(
        'select created_at > now() as is_own from events',
      );
      expect(rows).toEqual([{ is_own: true }]);
      throw new Error('no');
    });
    await expect(undone).rejects.toThrow('no');

    expect(await app.eventLog.append(event)).toBe(1);

    await waitUntil('it came', () => stream.received.length === 1);
  });
});

function countTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}

/** Appends events of one size in one transaction, with one notification. */
async function fill(
  pool: Pool,
  { events, bytes }: { events: number; bytes: number },
) {
  await pool.query(
    `with topic as (
       insert into topics (name, last_id)
       values ('ride', $1::int)
       on conflict (name) do update
       set last_id = topics.last_id + $1::int
       returning last_id
     )
     insert into events (topic, id, type, data)
     select 'ride', last_id - $1::int + n, 'moved',
            '"' || repeat('x', $2::int - 2) || '"'
     from topic, generate_series(1, $1::int) as n`,
    [events, bytes],
  );
  await pool.query(`select pg_notify('topics', 'ride')`);
}

function isFull(response?: { writableNeedDrain: boolean }): boolean {
  return response?.writableNeedDrain === true;
}

/** An app whose listening connection goes through a proxy that a test can break. */
async function startBrokenApp(options: Partial<AppOptions>) {
  const stack = new AsyncDisposableStack();
  const database = stack.use(await openDatabase());
  const proxy = stack.use(await startProxy(database.url));
  const app = stack.use(
    await startTestProcess(database.url, {
      ...options,
      url: proxy.url,
    }),
  );
  const ada = await createGuest(app.url, 'ada');
  await ada.create('ride');
  await waitUntil('it listens', () => isListening(app));
  return {
    ...app,
    ada,
    proxy,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

type Guest = Awaited<ReturnType<typeof createGuest>>;

/** A ride of Ada's, and a stream that follows it. */
async function startRide({ ada }: { ada: Guest }, ride: string) {
  await ada.create(ride);
  return await ada.stream(ride);
}

async function isListening({ pool }: { pool: Pool }) {
  const { rowCount } = await pool.query(
    `select from pg_stat_activity
     where datname = current_database()
       and application_name = 'topic-listener'
       and query in ('listen topics', 'select')
       and state = 'idle'`,
  );
  return rowCount === 1;
}

/** Resolves for all once as many have come. */
function createMeeting(count: number) {
  const meeting = Promise.withResolvers<void>();
  let here = 0;
  return async () => {
    here += 1;
    if (here === count) meeting.resolve();
    await meeting.promise;
  };
}

const listQueries = (spy: { mock: { calls: unknown[][] } }) =>
  spy.mock.calls.map(([sql]) => `${sql}`);

async function writeEvents(
  append: (data: unknown) => Promise<number>,
  count: number,
) {
  const next = Array.from({ length: count }).keys();
  const write = async () => {
    for (const data of next) await append(data);
  };
  await Promise.all([write(), write(), write(), write()]);
}

const startSite = (site: URL, host: string) =>
  startNginx({ site, values: { APP_1: host, APP_2: host } });

/** Of answers that need not be JSON, the status. */
function createPlainClient(url: string, headers = {}) {
  return async function send(method: string, path: string) {
    const response = await fetch(url + path, { method, headers });
    await response.body?.cancel();
    return response.status;
  };
}

/** The beginning of a stream that is asked for with an empty id. */
async function openEmpty(
  url: string,
  cookie: string,
  others: Record<string, string> = { 'last-event-id': '' },
) {
  const { body } = await fetch(url, { headers: { cookie, ...others } });
  const { value } = (await body?.getReader().read()) ?? {};
  return new TextDecoder().decode(value);
}

function writeSite(from: string, to: string): URL {
  const folder = mkdtempSync(join(tmpdir(), 'site-'));
  onTestFinished(() =>
    rmSync(folder, { recursive: true, force: true }),
  );
  const text = readFileSync(SITE, 'utf8');
  expect(text).toContain(from);
  writeFileSync(join(folder, 'nginx.conf'), text.replace(from, to));
  return pathToFileURL(join(folder, 'nginx.conf'));
}
