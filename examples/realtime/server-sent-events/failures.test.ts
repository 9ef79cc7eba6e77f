import {
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { startNginx } from '@touchstone/kit/proxies/nginx';
import { failure } from '@touchstone/kit/testing/failure';
import { waitUntil } from '@touchstone/kit/time/wait';
import type { Pool } from 'pg';
import { expect, onTestFinished, vi } from 'vitest';
import { createEventLog } from './event-log.ts';
import { startTestApp, type TestAppOptions } from './test-app.ts';
import { createGuest } from './test-client.ts';
import { startProxy } from './test-proxy.ts';
import type { TestStream } from './test-reader.ts';
import { openBrowserReader, startTestSite } from './test-site.ts';

failure(
  'A connection is cut, or the process behind it dies',
  {
    symptom:
      'Nothing: the browser comes back to the other process, and each event came once',
    defence: 'streams-through-nginx',
    remains:
      'Events come late by the time that a browser waits before it comes back',
  },
  async () => {
    await using site = await startTestSite();
    await using tab = await openBrowserReader(site.url);
    const { append } = createEventLog(site);
    const move = () =>
      append({ topic: 'ride', type: 'moved', data: {} });
    await waitUntil(
      'the tab reads',
      async () => (await tab.state()) === 1,
    );

    // Both are gone before any event came.
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
  'A reader is slower than its topic',
  {
    symptom:
      'The log has `slow reader cut`; the reader comes back and gets what it missed',
    defence: 'pump',
    remains:
      'A reader that is always slower falls behind until the log is pruned',
  },
  async () => {
    await using app = await startTestApp({ heartbeatSeconds: 0.05 });
    const slow = await app.ada.stream('ride');
    slow.response.pause();
    const data = 'x'.repeat(60_000);
    const sent = app.responses.at(-1);
    let held = 0;
    for (let n = 0; n < 400; n++) {
      await app.eventLog.append({ topic: 'ride', type: 'moved', data });
      held = Math.max(held, sent?.writableLength ?? 0);
    }

    expect(held).toBeLessThan(32 * 66_000);
    expect(sent?.writableNeedDrain).toBe(true);
    app.clock.advance({ seconds: 31 });
    await waitUntil('it is cut', () => sent?.destroyed === true);
    expect(app.warnings).toEqual(['slow reader cut']);
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
  'The listening connection is lost, or dead in silence',
  {
    symptom:
      'The log has `listening connection lost`; events come late, none is missing',
    defence: 'listen',
    remains:
      'Until the loss is noticed, events wait for the next heartbeat',
  },
  async () => {
    await using app = await startBrokenApp({ pingSeconds: 0.2 });
    const stream = await app.ada.stream('ride');

    app.proxy.cut();
    await app.ada.append('ride', 'while it was cut');
    app.proxy.restore();
    await waitUntil('one came', () => stream.received.length === 1);
    await waitUntil('it listens', () => app.proxy.connections() === 1);
    app.proxy.freeze();
    await app.ada.append('ride', 'while it was dead');
    await waitUntil('two came', () => stream.received.length === 2);
    expect(app.warnings).toContain('listening connection lost');

    // Nobody listens at all: each heartbeat looks into the log.
    await using deaf = await startBrokenApp({ heartbeatSeconds: 0.1 });
    deaf.proxy.cut();
    const other = await deaf.ada.stream('ride');
    await deaf.ada.append('ride', 'nobody heard');
    await waitUntil('it came', () => other.received.length === 1);
  },
);

failure(
  'An event is larger than the 8,000 bytes of NOTIFY, or has line breaks in it',
  {
    symptom:
      'It comes whole, as one event; more than 64 kB is refused with 400',
    defence: 'append',
    remains: 'Large events fill the memory of the browser: send a link',
  },
  async () => {
    await using app = await startTestApp();
    const stream = await app.ada.stream('ride');
    const evil =
      'end\r\n\r\nid: 999\nevent: reset\ndata: x\n\n\u2028\u0000🚲';
    const data = { evil, bulk: '\n'.repeat(20_000) };

    expect((await app.ada.append('ride', data)).status).toBe(201);

    await waitUntil('it came', () => stream.received.length === 1);
    expect(stream.received).toMatchObject([{ id: 1, type: 'moved' }]);
    expect(JSON.parse(stream.received[0]?.data ?? '')).toEqual(data);
    const tooLarge = await app.ada.append('ride', 'x'.repeat(65_535));
    expect(tooLarge).toMatchObject({
      status: 400,
      body: { code: 'invalid_request' },
    });
    for (const [type, text] of [
      ['moved', 'two\nlines'],
      ['moved', 'two\rlines'],
      ['two\nlines', '1'],
    ]) {
      const raw = app.pool.query(
        `insert into events (topic, id, type, data)
         values ('ride', 7, $1, $2)`,
        [type, text],
      );
      await expect(raw).rejects.toMatchObject({ code: '23514' });
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
      await append(event('elsewhere', 'other')); // waits for nobody
      await waitUntil('the second waits', () => hasWaiter(app));
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
  'A reader loses the right to read, or the login ends, while the stream is open',
  {
    symptom:
      'The stream ends before the next event; the browser asks again, gets 403 or 401, and gives up',
    defence: 'revoke-in-order',
    remains:
      'What was sent before is in the hands of the reader; a login outlasts its end by a heartbeat',
  },
  async () => {
    await using app = await startTestApp({ heartbeatSeconds: 0.05 });
    const ben = await createGuest(app.url, 'ben');
    const secrets: string[] = [];

    for (let round = 0; round < 25; round++) {
      await app.ada.grant('ride', 'ben');
      const stream = await ben.stream('ride');
      await app.access.revoke('ride', 'ben');
      await app.eventLog.append({
        topic: 'ride',
        type: 'moved',
        data: 1,
      });
      await stream.ended;
      secrets.push(...stream.received.map(({ data }) => data));
    }
    expect(secrets).toEqual([]);
    const refused = await ben.stream('ride');
    expect(refused.status).toBe(403);

    const stream = await app.ada.stream('ride');
    app.clock.advance({ hours: 8 });
    await stream.ended;
    expect((await app.ada.stream('ride')).status).toBe(401);
  },
);

failure(
  'A process is stopped while readers are on it',
  {
    symptom:
      'It ends in order with exit code 0; its readers go to the other process',
    defence: 'send-away',
    remains:
      'All of its readers read the log anew, spread over a second or two',
  },
  async () => {
    await using site = await startTestSite();
    const ada = await createGuest(site.first.url, 'ada');
    await ada.createTopic('ride');
    const streams = await Promise.all(
      Array.from({ length: 20 }, () => ada.stream('ride')),
    );
    await ada.append('ride', 'before');

    const stopped = site.first.kill('SIGTERM');
    await Promise.all(streams.map(({ ended }) => ended));
    expect(await stopped).toBe(0);

    const { append } = createEventLog(site);
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
  },
);

failure(
  'A proxy holds events back, or cuts a stream that is silent',
  {
    symptom:
      'Events pass nginx at once, even with gzip; a silent stream stays open',
    defence: 'begin-stream',
    remains:
      'A proxy that ignores these headers: see for yourself with `curl -N`',
  },
  async () => {
    await using app = await startTestApp({ heartbeatSeconds: 0.05 });
    const host = new URL(app.url).host;
    const site = writeSite(
      'proxy_read_timeout 60s',
      'proxy_read_timeout 1s',
    );
    await using nginx = await startNginx({
      site,
      values: { APP_1: host, APP_2: host },
    });
    const stream = await app.ada.stream('ride', { url: nginx.url });

    for (let km = 1; km <= 3; km++) {
      await app.ada.append('ride', { km });
      await waitUntil('it came', () => stream.received.length === km);
    }
    const before = stream.comments();
    await waitUntil(
      'more than a second of silence has passed',
      () => stream.comments() >= before + 30,
    );
    await app.ada.append('ride', 'after the silence');
    await waitUntil('it came', () => stream.received.length === 4);
    expect(stream.retries).toEqual([20]); // one connection, never cut
  },
);

failure(
  'Two thousand readers follow one topic on one process',
  {
    symptom:
      'Each gets all events; Postgres sees a read an event and one listening connection',
    defence: 'read-once-for-all',
    remains:
      'Readers over `maxStreams` are told to come back; only more processes help',
  },
  async () => {
    await using app = await startTestApp({ maxStreams: 2000 });
    const streams: TestStream[] = [];
    while (streams.length < 2000) {
      const some = Array.from({ length: 50 }, () =>
        app.ada.stream('ride'),
      );
      streams.push(...(await Promise.all(some)));
    }
    const read = vi.spyOn(app.eventLog, 'read');

    for (let km = 1; km <= 10; km++)
      await app.eventLog.append({
        topic: 'ride',
        type: 'moved',
        data: { km },
      });
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
    expect(rows).toEqual([{ name: 'topic-listener', count: 1 }]);
    const surplus = await app.ada.stream('ride');
    await surplus.ended;
    expect(surplus).toMatchObject({ status: 200, received: [] });
    expect(surplus.retries).toHaveLength(1);
    for (const stream of streams) stream.cut();
    await waitUntil('nobody is left', () => app.streams.count() === 0);
  },
);

failure(
  'A reader asks for events that are gone, or that never were',
  {
    symptom:
      'It gets a `reset` event and loads its state anew; what is no number is refused with 400',
    defence: 'tell-a-hole',
    remains: 'Its client has to know what to do at a `reset`',
  },
  async () => {
    await using app = await startTestApp();
    for (let km = 1; km <= 6; km++)
      await app.ada.append('ride', { km });
    await app.pool.query(
      `update events set created_at = '2020-01-01' where id <= 3`,
    );
    await app.eventLog.prune(new Date('2021-01-01'));
    await app.pool.query('delete from events where id = 5');
    const seen = async (lastEventId: number) => {
      const stream = await app.ada.stream('ride', { lastEventId });
      await waitUntil('it caught up', () => stream.lastId() === '6');
      return stream.received.map(({ id, type }) => `${id} ${type}`);
    };

    expect(await seen(1)).toEqual(['6 reset']);
    expect(await seen(3)).toEqual(['4 moved', '6 reset']);
    expect(await seen(5)).toEqual(['6 moved']);
    expect(await seen(99)).toEqual(['6 reset']); // the log was set back
    const forged = await fetch(`${app.url}/topics/ride/events`, {
      headers: { cookie: app.ada.cookie, 'last-event-id': '1 or 1=1' },
    });
    expect(forged.status).toBe(400);
  },
);

function countTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}

/** An app whose listening connection goes through a proxy that a test can break. */
async function startBrokenApp(options: TestAppOptions) {
  const stack = new AsyncDisposableStack();
  const proxy = await startProxy();
  const app = await startTestApp({ ...options, listenUrl: proxy.url });
  stack.use(proxy);
  stack.use(app);
  await waitUntil('it listens', () => proxy.connections() === 1);
  return {
    ...app,
    proxy,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function hasWaiter({ pool }: { pool: Pool }): Promise<boolean> {
  const { rowCount } = await pool.query(
    `select from pg_stat_activity
     where datname = current_database() and wait_event_type = 'Lock'`,
  );
  return rowCount === 1;
}

function writeSite(from: string, to: string): URL {
  const folder = mkdtempSync(join(tmpdir(), 'site-'));
  onTestFinished(() =>
    rmSync(folder, { recursive: true, force: true }),
  );
  const text = readFileSync(
    new URL('nginx.conf', import.meta.url),
    'utf8',
  );
  expect(text).toContain(from);
  writeFileSync(join(folder, 'nginx.conf'), text.replace(from, to));
  return pathToFileURL(join(folder, 'nginx.conf'));
}
