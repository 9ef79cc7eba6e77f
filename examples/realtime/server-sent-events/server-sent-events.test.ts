import { waitUntil } from '@touchstone/kit/time/wait';
import { describe, expect, it } from 'vitest';
import { startTestApp, startTestProcess } from './test-app.ts';

describe('a stream', () => {
  it('sends each event as it is appended', async () => {
    await using app = await startTestApp();
    const stream = await app.ada.stream('ride');

    for (let km = 1; km <= 3; km++)
      await app.ada.append('ride', { km });

    await waitUntil('three came', () => stream.received.length === 3);
    expect(stream.received).toEqual([
      { id: 1, type: 'moved', data: '{"km":1}' },
      { id: 2, type: 'moved', data: '{"km":2}' },
      { id: 3, type: 'moved', data: '{"km":3}' },
    ]);
  });

  it('begins where the URL says, and a Last-Event-ID is newer than the URL', async () => {
    await using app = await startTestApp();
    for (let km = 1; km <= 4; km++)
      await app.ada.append('ride', { km });

    const begun = await app.ada.stream('ride', { after: 1 });
    const resumed = await app.ada.stream('ride', {
      after: 1,
      lastEventId: 3,
    });

    await waitUntil('all came', () => begun.lastId() === '4');
    await waitUntil('it came', () => resumed.lastId() === '4');
    expect([begun.ids(), resumed.ids()]).toEqual([[2, 3, 4], [4]]);
  });

  it('begins now without a place, and says which id that is', async () => {
    await using app = await startTestApp();
    await app.ada.append('ride', { km: 1 });

    const stream = await app.ada.stream('ride');

    await waitUntil('it began', () => stream.lastId() === '1');
    expect(stream.received).toEqual([]);
  });

  it('has no seam between the log and what is new, however often it is cut', async () => {
    await using app = await startTestApp();
    await using other = await startTestProcess(app.database);
    const writing = writeEvents(app.eventLog.append, 300);
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
    expect(ids).toEqual(Array.from({ length: 300 }, (_, n) => n + 1));
  });
});

describe('an open stream', () => {
  it('outlives a log that cannot be read for a while', async () => {
    await using app = await startTestApp({ heartbeatSeconds: 0.05 });
    const stream = await app.ada.stream('ride');
    await app.pool.query('alter table events rename to away');
    await waitUntil('a read failed', () =>
      app.warnings.includes('reading the log failed'),
    );

    await app.pool.query('alter table away rename to events');
    await app.ada.append('ride', 1);

    await waitUntil('it came', () => stream.received.length === 1);
  });

  it('goes on for those who stay when somebody else loses the right', async () => {
    await using app = await startTestApp();
    await app.ada.grant('ride', 'ben');
    const stream = await app.ada.stream('ride');

    await app.ada.revoke('ride', 'ben');
    await app.ada.append('ride', 1);
    await app.ada.append('ride', 2);

    await waitUntil('two came', () => stream.received.length === 2);
  });

  it('ends when its topic is deleted', async () => {
    await using app = await startTestApp({ heartbeatSeconds: 0.05 });
    const silent = await app.ada.stream('ride');
    await app.ada.append('ride', 1);
    const stream = await app.ada.stream('ride', { lastEventId: 0 });
    await waitUntil('it came', () => stream.received.length === 1);

    await app.pool.query('delete from topics');

    await Promise.all([silent.ended, stream.ended]);
    expect((await app.ada.stream('ride')).status).toBe(403);
  });
});

describe('an append', () => {
  it('commits with the transaction it is given, or not at all', async () => {
    await using app = await startTestApp();
    const client = await app.pool.connect();
    await client.query('begin');
    const event = { topic: 'ride', type: 'moved', data: 1 };
    const first = await app.eventLog.append(event, client);
    await client.query('rollback');
    client.release();

    expect(await app.eventLog.append(event)).toBe(first);
  });
});

type Append = (event: {
  topic: string;
  type: string;
  data: unknown;
}) => Promise<number>;

async function writeEvents(append: Append, count: number) {
  const next = Array.from({ length: count }).keys();
  const write = async () => {
    for (const data of next)
      await append({ topic: 'ride', type: 'moved', data });
  };
  await Promise.all([write(), write(), write(), write()]);
}
