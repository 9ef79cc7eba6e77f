import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import {
  setTimeout as pause,
  setImmediate,
} from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import {
  lockTable,
  untilWaiting,
} from '@touchstone/kit/postgres/locks';
import { findFreePort } from '@touchstone/kit/programs/free-port';
import { startProgram } from '@touchstone/kit/programs/program';
import { failure } from '@touchstone/kit/testing/failure';
import { createTestLog } from '@touchstone/kit/testing/log';
import { waitUntil } from '@touchstone/kit/time/wait';
import { expect, test } from 'vitest';
import { createBatches } from './batches.ts';
import { createDevices } from './devices.ts';
import { insertReadings, type Reading } from './insert-readings.ts';
import { limitPackets } from './limit-packets.ts';
import { createQuota } from './quota.ts';
import { readReading } from './read-message.ts';
import { deleteReceivedBefore, eraseDevice } from './retention.ts';
import { createSecrets } from './secrets.ts';
import { startService } from './start-service.ts';
import { connectDevice, write } from './test-device.ts';
import { BROKERS, holdCommits, startTestSite } from './test-site.ts';

const NOON = Date.parse('2026-01-01T12:00:00Z');
const TOPIC = 'devices/kitchen/readings';
/** What the kitchen's first reading takes while it waits. */
const BYTES =
  4096 + TOPIC.length + write({ sequence: 1, at: NOON }).length;

failure(
  'The acknowledgement is lost, and a reading is sent again',
  {
    symptom: 'One row; `duplicates` in `/counts` grows',
    defence: 'insert',
    remains:
      'A device that gives a reading another number or time when it sends it again makes a second row',
  },
  async () => {
    for (const broker of BROKERS) {
      await using site = await startTestSite({ broker });
      await using kitchen = await site.connect('kitchen');
      await using gate = await holdCommits(site.pool);

      const sent = kitchen.send({ sequence: 1, at: NOON });
      await gate.reached();
      site.clock.advance({ days: 1 }); // nothing of ours is in its name
      site.cutConnections();
      await gate.open();
      await sent;

      await waitUntil('it has come twice', () => {
        const { stored, duplicates } = site.readCounts();
        return stored + duplicates === 2;
      });
      const again = Array.from({ length: 20 }, () =>
        kitchen.send({ sequence: 1, at: NOON }),
      );
      await Promise.all(again);
      await waitUntil('it has come 22 times', () => {
        return site.readCounts().duplicates === 21;
      });
      expect(await site.listStored()).toEqual(['kitchen 1']);
    }
  },
);

failure(
  'Readings come out of order, and a day late',
  {
    symptom: 'All are kept; the latest value stays the newest one',
    defence: 'insert',
    remains:
      'A report about yesterday that is done already misses them: look for late data by `received_at`',
  },
  async () => {
    await using site = await startTestSite();
    site.clock.advance({ hours: 12 });
    await using kitchen = await site.connect('kitchen');
    const day = 24 * 60 * 60 * 1000;

    await kitchen.send({ sequence: 3, at: NOON - 1000, value: 3 });
    await kitchen.send({ sequence: 2, at: NOON - 2000, value: 2 });
    await kitchen.send({ sequence: 1, at: NOON - day, value: 1 });
    expect(await site.readings.listLatest()).toMatchObject([
      { sequence: '3', value: 3, at: new Date(NOON - 1000) },
    ]);
    await Promise.all(
      [5, 6, 4].map((sequence) =>
        kitchen.send({ sequence, at: NOON, value: sequence }),
      ),
    );

    expect(await site.readings.listLatest()).toMatchObject([
      { sequence: '6', value: 6, at: new Date(NOON) },
    ]);
    const points = await site.readings.listRecent('kitchen', 'celsius');
    expect(points.map(({ value }) => value)).toEqual([
      1, 2, 3, 4, 5, 6,
    ]);
  },
);

failure(
  'The clock of a device says 1970, or 2099',
  {
    symptom:
      'The reading is kept under the time of the server, `clockIsOff` is true, and later ones replace it as the latest',
    defence: 'believe',
    remains:
      'A clock that is wrong by less than an hour into the future, or thirty days into the past, is accepted',
  },
  async () => {
    await using site = await startTestSite();
    site.clock.advance({ hours: 12 });
    await using kitchen = await site.connect('kitchen');

    await kitchen.send({ sequence: 1, at: 0 });
    await kitchen.send({ sequence: 2, at: Date.parse('2099-01-01') });
    site.clock.advance({ days: 1 });
    // Sent again a day later, it is still the same reading.
    await kitchen.send({ sequence: 2, at: Date.parse('2099-01-01') });
    await kitchen.send({ sequence: 3, at: NOON + 60_000, value: 3 });

    const points = await site.readings.listRecent('kitchen', 'celsius');
    expect(points).toEqual([
      { at: new Date(NOON), value: 21.5, clockIsOff: true },
      { at: new Date(NOON), value: 21.5, clockIsOff: true },
      { at: new Date(NOON + 60_000), value: 3, clockIsOff: false },
    ]);
    expect(await site.readings.listLatest()).toMatchObject([
      { sequence: '3' },
    ]);
  },
);

failure(
  'The key of a device is stolen, and revoked while the thief is connected',
  {
    symptom:
      'Their next message, a reading or not, closes the connection, and CONNECT is refused; behind a broker it becomes a dead letter, `revoked`',
    defence: 'write',
    remains:
      'What they sent before stays: `received_at` tells it apart. A connection that sends nothing stays open',
  },
  async () => {
    for (const broker of BROKERS) {
      await using site = await startTestSite({ broker });
      const key = await site.register('kitchen');
      await using thief = await site.connect('kitchen');
      await thief.send({ sequence: 1, at: NOON });
      await site.untilStored(1);

      await site.devices.revoke('kitchen');
      thief.send({ sequence: 2, at: NOON }).catch(() => {});
      if (site.mosquitto) {
        await waitUntil('it is set aside', async () => {
          return (await site.listDead()).length > 0;
        });
        const files = await site.devices.writeMosquittoFiles();
        await site.mosquitto.rewrite(files);
      }
      await thief.closed();

      const dead = site.mosquitto ? ['revoked'] : [];
      expect([...new Set(await site.listDead())]).toEqual(dead);
      expect(await site.listStored()).toEqual(['kitchen 1']);
      const again = site.knock('kitchen', key);
      await expect(again).rejects.toThrow('Connection refused');
      expect(await site.dumpDevices()).not.toContain(key);
    }
    await using site = await startTestSite();
    await using lamp = await site.connect('lamp');
    const front = await site.register('front', { isFront: true });
    await using proxy = await site.knock('front', front);
    const payload = write({ sequence: 1, at: NOON });
    await proxy.publish('devices/lamp/readings', payload);

    await proxy.publish('devices/nobody/readings', payload);

    await site.devices.revoke('front');
    const next = write({ sequence: 2, at: NOON });
    proxy.publish('devices/lamp/readings', next).catch(() => {});
    await proxy.closed();
    await site.devices.revoke('lamp');
    lamp.publish('devices/lamp/readings', 'hello').catch(() => {});
    await lamp.closed();
    expect(site.readLog()).toContain('lamp is revoked');
    expect(await site.listStored()).toEqual(['lamp 1']);
    expect(await site.listDead()).toEqual(['revoked']);
  },
);

failure(
  'A device publishes, subscribes or connects in the name of another',
  {
    symptom:
      'The message is a dead letter, `not its topic`; the subscription and the connection are refused',
    defence: 'read-message',
    remains: 'A device can send false readings of its own',
  },
  async () => {
    for (const broker of BROKERS) {
      await using site = await startTestSite({ broker });
      const key = await site.register('lamp');
      await using kitchen = await site.connect('kitchen');
      await using lamp = await site.connect('lamp');
      const forged = write({ sequence: 1, at: NOON });

      await lamp.publish('devices/kitchen/readings', forged);
      await lamp.publish('devices/lamp/readings/', forged);
      await lamp.publish('x/devices/lamp/readings', forged);
      await using spy = await site.connect('spy');
      let heard = 0;
      spy.client.on('message', () => heard++);
      // Mosquitto grants it, and delivers nothing.
      await spy.client.subscribeAsync('devices/#').catch(() => {});
      await lamp.send({ sequence: 1, at: NOON });
      await spy.send({ sequence: 1, at: NOON });
      expect(heard).toBe(0);

      await site.untilStored(2);
      expect(await site.listStored()).toEqual(['lamp 1', 'spy 1']);
      // Mosquitto drops by itself what its rights do not allow.
      const dead = broker === 'aedes' ? 3 : 0;
      expect(await site.listDead()).toEqual(
        Array.from({ length: dead }, () => 'not its topic'),
      );
      let closes = 0;
      kitchen.client.on('close', () => closes++);
      await pretend(site.url, key);
      await kitchen.send({ sequence: 1, at: NOON });
      expect(closes).toBe(0);
    }
  },
);

failure(
  'The database cannot be reached, or waits for a lock, while devices go on sending',
  {
    symptom:
      'No acknowledgement; `waitingBytes` stops at its limit, connections beyond the limit are closed; when the database is back, all readings are stored',
    defence: 'add',
    remains:
      'A device must keep its readings as long: the outage may last longer than its memory. After 1.5 times its keep-alive a waiting device is disconnected',
  },
  async () => {
    await using site = await startTestSite({
      maxWaitingBytes: 60_000,
      lockTimeoutMs: 200,
    });
    await using stack = new AsyncDisposableStack();
    const devices = [];
    for (const id of ['a', 'b', 'c', 'd'])
      devices.push(stack.use(await site.connect(id)));
    site.takeDatabaseAway();

    let acknowledged = 0;
    const sent = devices.flatMap((device) =>
      Array.from({ length: 30 }, async (_, sequence) => {
        await device.send({ sequence, at: NOON + sequence });
        acknowledged++;
      }),
    );
    await waitUntil('one device was sent away', () =>
      site.readLog().includes('send it again later'),
    );
    await waitUntil('it was tried again', () =>
      site.readLog().includes('a batch has to wait'),
    );
    expect(site.readCounts().waitingBytes).toBeLessThanOrEqual(60_000);
    expect(acknowledged).toBe(0);

    await using gate = await holdCommits(site.pool);
    site.bringDatabaseBack();
    await waitUntil('the lock has timed out', () =>
      site.readLog().includes('55P03'),
    );
    expect(acknowledged).toBe(0);
    await gate.open();
    await Promise.all(sent);
    expect(await site.listStored()).toHaveLength(120);
    await waitUntil('nothing waits any more', () => {
      const { waiting, waitingBytes } = site.readCounts();
      return waiting === 0 && waitingBytes === 0;
    });
  },
);

failure(
  'A broker in front restarts while the database cannot be reached',
  {
    symptom:
      'Mosquitto acknowledges, keeps more than its default of 1,000 messages, and hands all of them over later, no matter how many each device has',
    defence: 'keep-and-hand-over',
    remains:
      'A kill -9 loses what it acknowledged in the last second; its queue ends at `max_queued_bytes`, here 1 GB',
  },
  async () => {
    const quota = { burst: 10, perSecond: 0.001 };
    await using site = await startTestSite({
      broker: 'mosquitto',
      ...quota,
    });
    await using kitchen = await site.connect('kitchen');
    await kitchen.send({ sequence: 0, at: NOON });
    await site.untilStored(1);
    site.takeDatabaseAway();

    // Three times what it keeps by default.
    for (let sequence = 1; sequence <= 3000; sequence += 100)
      await Promise.all(
        Array.from({ length: 100 }, (_, n) =>
          kitchen.send({ sequence: sequence + n, at: NOON }),
        ),
      );
    await waitUntil('some of them wait', () => {
      return site.readCounts().waiting > 0;
    });
    await site.mosquitto?.restart();
    await kitchen.send({ sequence: 3001, at: NOON });
    site.bringDatabaseBack();

    await site.untilStored(3002);
    expect(await site.listDead()).toEqual([]);
  },
);

failure(
  'One device floods',
  {
    symptom:
      'It is read more slowly, and its acknowledgements come at its rate; other devices notice nothing, and when it disconnects, what is held is dropped and not charged',
    defence: 'take',
    remains:
      'Behind a broker nothing slows it down: its readings are all stored, so alert on readings per device. Each instance counts for itself; CONNECT is not counted. A device that vanishes while much of it is unread is noticed after 1.5 times its keep-alive, or at its next CONNECT',
  },
  async () => {
    await using site = await startTestSite({
      burst: 50,
      perSecond: 0.001,
    });
    await using flooder = await site.connect('flooder');
    await using kitchen = await site.connect('kitchen');

    for (let sequence = 0; sequence < 80; sequence++)
      flooder.send({ sequence, at: NOON }).catch(() => {});
    await site.untilStored(50);
    await kitchen.send({ sequence: 1, at: NOON });
    await waitUntil('the rest is held', () => {
      return site.readCounts().waiting === 30;
    });
    expect(site.readCounts().waitingBytes).toBe(0);
    expect(await site.listStored()).toHaveLength(51);

    await flooder[Symbol.asyncDispose]();
    await waitUntil('nothing of it is left', () => {
      return site.readCounts().waiting === 0;
    });
    expect(site.readLog().split('mqtt connection closed')).toHaveLength(
      2,
    );

    await using other = await startTestSite({
      burst: 5,
      perSecond: 50,
    });
    await using patient = await other.connect('patient');
    await Promise.all(
      Array.from({ length: 20 }, (_, sequence) =>
        patient.send({ sequence, at: NOON }),
      ),
    );
    expect(other.readCounts()).toMatchObject({ stored: 20 });
  },
);

failure(
  'A payload is not a reading, or is much too large',
  {
    symptom:
      'Up to 64 kB: a dead letter, `malformed`, and its acknowledgement. More: the connection is closed before the rest is read',
    defence: 'create-meter',
    remains:
      'A device that sends only such a packet, again and again, gets nothing else through',
  },
  async () => {
    for (const broker of BROKERS) {
      await using site = await startTestSite({ broker });
      await using kitchen = await site.connect('kitchen');
      const topic = 'devices/kitchen/readings';

      for (const payload of MALFORMED)
        await kitchen.publish(topic, payload);
      await kitchen.send({ sequence: 1, at: NOON });

      await site.untilStored(1);
      await waitUntil('the others are set aside', async () => {
        return (await site.listDead()).length === MALFORMED.length;
      });
      expect(new Set(await site.listDead())).toEqual(
        new Set(['malformed']),
      );
      const large = kitchen.publish(topic, 'x'.repeat(70_000));
      large.catch(() => {});
      await kitchen.closed();
    }
    await using site = await startTestSite();
    // CONNECT, and that 268,435,455 bytes of it will follow.
    const socket = connectSocket(site.port, '127.0.0.1');
    socket.write(Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f]));
    socket.on('error', () => {});
    await once(socket, 'close');
    expect(site.readLog()).toContain('more than 65536 bytes');
  },
);

failure(
  'The process is killed between the commit and the acknowledgement',
  {
    symptom:
      'The device sends the reading again to the next process: one row',
    defence: 'hold-the-acknowledgement',
    remains:
      'Until there is a next process, devices keep what they have',
  },
  async () => {
    await using database = await freshDatabase({
      schema: new URL('schema.sql', import.meta.url),
    });
    const { pool } = database;
    const devices = createDevices({ pool, clock: () => new Date() });
    const key = `${await devices.register('kitchen')}`;
    const port = await findFreePort();
    const start = () =>
      startProgram(new URL('main.ts', import.meta.url), {
        ...createSecrets(),
        DATABASE_URL: database.url,
        PORT: '0',
        MQTT_PORT: `${port}`,
      });
    await using first = await start();
    const url = `mqtt://127.0.0.1:${port}`;
    await using kitchen = await connectDevice(url, 'kitchen', key);
    await using gate = await holdCommits(pool);

    let isAcknowledged = false;
    const sent = kitchen.send({ sequence: 1, at: NOON }).then(() => {
      isAcknowledged = true;
    });
    await gate.reached();
    await first.signal('SIGSTOP');
    await gate.open();
    await waitUntil('it is committed', async () => {
      return (await countReadings()) === 1;
    });
    await first.kill('SIGKILL');
    expect(isAcknowledged).toBe(false);

    await using second = await start();
    await sent;
    expect(await countReadings()).toBe(1);
    expect(await second.kill('SIGTERM')).toBe(0);

    async function countReadings() {
      const { rowCount } = await pool.query('select from readings');
      return rowCount;
    }
  },
);

test('A reading is in the table with what the device said about it', async () => {
  for (const broker of BROKERS) {
    await using site = await startTestSite({ broker });
    await using kitchen = await site.connect('kitchen');
    const at = new Date('2025-12-31T23:59:55Z');

    const payload = { sequence: 1, at: at.getTime(), value: -3.5 };
    await kitchen.send({ ...payload, metric: 'celsius_2' });

    await site.untilStored(1);
    const { rows } = await site.pool.query('select * from readings');
    expect(rows).toEqual([
      {
        device_id: 'kitchen',
        sequence: '1',
        measured_at: at,
        metric: 'celsius_2',
        value: -3.5,
        at,
        received_at: new Date('2026-01-01'),
      },
    ]);
  }
});

test('The latest value is one for each device and metric, the last of equal times', async () => {
  await using site = await startTestSite();
  await using kitchen = await site.connect('kitchen');
  await using attic = await site.connect('attic');
  const at = NOON - 86_400_000;
  const celsius = [3, 6, 5, 4].map((sequence) =>
    kitchen.send({
      sequence,
      at: sequence > 3 && sequence < 6 ? at + 10 : at,
      value: sequence,
    }),
  );
  const percent = { metric: 'percent', value: 50 };

  await Promise.all([
    ...celsius,
    kitchen.send({ sequence: 7, at, ...percent }),
    attic.send({ sequence: 1, at: at + 1, value: 9 }),
  ]);
  await kitchen.send({ sequence: 2, at, value: 2 });
  // Both get the time of the server, which has not moved.
  for (const [time, value] of [10, 20].entries())
    await attic.send({ sequence: 2, at: time, metric: 'odd', value });

  expect(await site.readings.listLatest()).toMatchObject([
    { deviceId: 'attic', metric: 'celsius', value: 9 },
    { deviceId: 'attic', metric: 'odd', value: 10 },
    { deviceId: 'kitchen', metric: 'celsius', value: 5 },
    { deviceId: 'kitchen', metric: 'percent', value: 50 },
  ]);
});

test('A chart has the newest hundred points of one metric, and a list 500 values', async () => {
  await using site = await startTestSite();
  await site.pool.query(
    `insert into readings
     select device_id, n, at, metric, n, at, at
     from unnest(array['a', 'b']) as device_id,
       unnest(array['celsius', 'humidity']) as metric,
       generate_series(1, 101) as n,
       to_timestamp(n + length(metric)) as at`,
  );
  await site.pool.query(
    `insert into latest_readings
     select 'device-' || n, 'celsius', 1, now(), 1
     from generate_series(1, 501) as n`,
  );

  const points = await site.readings.listRecent('a', 'celsius');
  expect(points.map(({ value }) => value)).toEqual(
    Array.from({ length: 100 }, (_, n) => n + 2),
  );
  expect(await site.readings.listLatest()).toHaveLength(500);
});

test('Two batches that share readings lock them in one order', async () => {
  await using site = await startTestSite();
  for (const id of ['a', 'b']) await site.register(id);
  const { rows } = await site.pool.query<{ key: string }>(
    `select key_id as key from devices where id = 'a'`,
  );
  const keyId = `${rows[0]?.key}`;
  const first = { ...makeReading({}), keyId };
  const late = new Date(NOON + 1);
  const others = [
    { ...first, deviceId: 'b' },
    { ...first, measuredAt: late },
    { ...first, sequence: 2 },
  ];
  const other = await site.pool.connect();
  const insert = (reading: Reading) =>
    other.query(
      `insert into readings values ($1, $2, $3, 'celsius', 1, $3, $3)`,
      [reading.deviceId, reading.sequence, reading.measuredAt],
    );
  await other.query('begin; set local lock_timeout = 200');
  await insert(first);

  const inserted = insertReadings(site.pool, [...others, first]);
  await untilWaiting(site.pool);
  // So it has not locked the others yet.
  for (const reading of others) await insert(reading);
  await other.query('commit');
  other.release();
  expect(await inserted).toEqual({
    allowed: [0, 1, 2, 3],
    stored: 0,
  });
});

test('An acknowledgement is not sent before the commit, nor before that of an earlier message', async () => {
  await using site = await startTestSite();
  await using kitchen = await site.connect('kitchen');
  await using gate = await holdCommits(site.pool);
  const acknowledged: string[] = [];
  const note = (name: string) => () => void acknowledged.push(name);
  const first = kitchen.send({ sequence: 1, at: NOON });
  const sent = [first.then(note('first'))];
  await gate.reached();
  expect(site.readCounts()).toMatchObject({
    waiting: 1,
    waitingBytes: BYTES,
  });

  const second = kitchen.publish('devices/kitchen/readings', 'hello');
  sent.push(second.then(note('second')));
  await waitUntil('the second has come', () => {
    return site.readCounts().waiting === 2;
  });
  // Another device has its answer: theirs would be here by now.
  await using _lamp = await site.connect('lamp');
  expect(acknowledged).toEqual([]);
  expect(await site.listStored()).toEqual([]);

  await gate.open();
  await Promise.all(sent);
  expect(acknowledged).toEqual(['first', 'second']);
  expect(await site.listStored()).toEqual(['kitchen 1']);
  expect(await site.listDead()).toEqual(['malformed']);
});

test('A batch is what came while the one before was committed, at most 1,000', async () => {
  const sizes: number[] = [];
  const written: number[] = [];
  const { add } = createBatches<number>({
    log: console,
    replace: (item) => item,
    async write(items) {
      sizes.push(items.length);
      written.push(...items);
      await setImmediate();
      return new Set();
    },
  });

  const added = Array.from({ length: 2500 }, (_, item) => add(item));

  expect(new Set(await Promise.all(added))).toEqual(new Set([true]));
  expect(sizes).toEqual([1, 1000, 1000, 499]);
  expect(written).toEqual(Array.from({ length: 2500 }, (_, n) => n));
  expect(await add(7)).toBe(true);
  expect(sizes).toHaveLength(5);
});

test('A batch is tried again after a pause, and not when the program ends', async () => {
  const tries: number[] = [];
  const { promise: paused, resolve } = Promise.withResolvers<void>();
  const { add, stop } = createBatches<string>({
    log: { warn: () => tries.length === 3 && resolve() },
    replace: (item) => item,
    async write() {
      tries.push(performance.now());
      throw new Error('the database cannot be reached');
    },
  });

  const added = ['a', 'b', 'c'].map(add);
  await paused;
  stop();

  expect(await Promise.allSettled(added)).toMatchObject([
    { status: 'rejected' },
    { status: 'rejected' },
    { status: 'rejected' },
  ]);
  const [first = 0, second = 0, third = 0] = tries;
  expect(tries).toHaveLength(3);
  const pauses = [second - first, third - second];
  expect(Math.min(...pauses)).toBeGreaterThan(490);
  expect(Math.min(...pauses)).toBeLessThan(2500);
  expect(second - first).not.toBeCloseTo(third - second, 2);
});

test('A batch with a value that is refused is halved, one write at a time, in order', async () => {
  const written: string[] = [];
  let writing = 0;
  const { add } = createBatches<number>({
    log: console,
    replace: (item) => -item,
    async write(items) {
      writing++;
      written.push(`${items}`);
      await setImmediate();
      expect(writing).toBe(1);
      writing--;
      // What takes the place of 6 is refused as well.
      if ([5, 6, -6].some((item) => items.includes(item)))
        throw Object.assign(new Error('no'), { code: '22003' });
      return new Set();
    },
  });

  const added = [0, 1, 2, 3, 4, 5, 6, 7].map(add);
  const ends = await Promise.allSettled(added);

  expect(ends.map(({ status }) => status)).toEqual(
    ends.map((_, item) => (item === 6 ? 'rejected' : 'fulfilled')),
  );
  expect(written.join(' ')).toBe(
    '0 1,2,3,4,5,6,7 1,2,3 4,5,6,7 4,5 4 5 -5 6,7 6 -6 7',
  );
});

test('Only errors of the classes 22 and 23 are about a value; after all others the batch is tried again', async () => {
  const codes = ['22003', '23514', '53222', 'E2222', '40001'];
  const tell = async (code: string) => {
    const written: string[] = [];
    const { add } = createBatches<string>({
      log: { warn: () => {} },
      replace: () => 'another',
      async write(items) {
        written.push(...items);
        if (written.length > 1) return new Set();
        throw Object.assign(new Error('no'), { code });
      },
    });
    expect(await add('it')).toBe(true);
    return written[1];
  };

  expect(await Promise.all(codes.map(tell))).toEqual([
    'another',
    'another',
    'it',
    'it',
    'it',
  ]);
});

test('A value that the database refuses is set aside, and the rest of its batch is kept', async () => {
  await using site = await startTestSite();
  // Class 22, too large for the type, and 23, a check.
  await site.pool.query(
    `alter table readings alter value type numeric(4, 1),
       add constraint possible check (value < 60)`,
  );
  await using kitchen = await site.connect('kitchen');

  await Promise.all(
    [10, 20, 85, 30, 1e6, 40].map((value, sequence) =>
      kitchen.send({ sequence, at: NOON, value }),
    ),
  );

  expect(await site.listStored()).toHaveLength(4);
  expect(await site.listDead()).toEqual(['refused', 'refused']);
});

test('What cannot be committed at the end of the program is left to the devices', async () => {
  const site = await startTestSite();
  await using kitchen = await site.connect('kitchen');
  site.takeDatabaseAway();
  let isAcknowledged = false;
  void kitchen.send({ sequence: 1, at: NOON }).then(() => {
    isAcknowledged = true;
  });
  await waitUntil('it was tried', () =>
    site.readLog().includes('a batch has to wait'),
  );

  await site[Symbol.asyncDispose]();

  expect(isAcknowledged).toBe(false);
  await waitUntil('nothing waits', () => {
    return site.readCounts().waitingBytes === 0;
  });
});

test('A connection is refused for a wrong key or an unknown device, and for now while the database cannot be asked', async () => {
  await using site = await startTestSite();
  const key = await site.register('kitchen');
  expect(await site.devices.register('kitchen')).toBe(undefined);

  for (const id of ['kitchen', 'cellar'])
    await expect(site.knock(id, 'guess')).rejects.toMatchObject({
      code: 4,
    });
  site.takeDatabaseAway();
  await expect(site.knock('kitchen', key)).rejects.toMatchObject({
    code: 3, // server unavailable: come back later
  });
  await waitUntil('all three are logged', () => {
    return site.readLog().split('mqtt connection closed').length === 4;
  });
  expect(site.readLog()).toMatch(/not authorised.*not authorised/);
  expect(site.readLog()).toContain('No connection could be had');
});

test('A revoked id gets a new key, which opens nothing that was made with the old one', async () => {
  await using site = await startTestSite();
  const old = await site.register('kitchen', { isFront: true });
  await using thief = await site.connect('kitchen');
  expect(await site.devices.revoke('kitchen')).toBe(true);
  expect(await site.devices.revoke('kitchen')).toBe(false);

  const key = await site.register('kitchen');
  thief.send({ sequence: 1, at: NOON }).catch(() => {});
  await thief.closed();
  await expect(site.knock('kitchen', old)).rejects.toThrow();
  await using kitchen = await site.knock('kitchen', key);
  await kitchen.send({ sequence: 2, at: NOON });
  await kitchen.publish('devices/lamp/readings', '{}');

  expect(await site.listStored()).toEqual(['kitchen 2']);
  expect(await site.listDead()).toEqual(['not its topic']);
  expect(key).toHaveLength(43);
});

test('A device cannot give orders to aedes, which obeys topics in $SYS', async () => {
  await using site = await startTestSite();
  await using kitchen = await site.connect('kitchen');
  await using lamp = await site.connect('lamp');
  let closes = 0;
  kitchen.client.on('close', () => closes++);

  // In aedes, another broker says so that it has taken the client over.
  await lamp.publish('$SYS/other/new/clients', 'kitchen');
  await kitchen.send({ sequence: 1, at: NOON });

  expect(closes).toBe(0);
  expect(await site.listDead()).toEqual(['not its topic']);
});

test('A connection with more than 2,000 messages in flight is closed', async () => {
  await using site = await startTestSite();
  await using lamp = await site.connect('lamp');
  await using kitchen = await site.connect('kitchen');
  await using gate = await holdCommits(site.pool);
  lamp.send({ sequence: 1, at: NOON }).catch(() => {});
  await gate.reached();
  // As small as they can be, with QoS 0, so that one chunk has all.
  const flood = (count: number) => {
    const bytes = Buffer.from([0x30, 3, 0, 1, 0x61]);
    const all = Array.from({ length: count }, () => bytes);
    kitchen.client.stream.write(Buffer.concat(all));
  };

  flood(2000);
  await waitUntil('all of them wait', () => {
    return site.readCounts().waiting === 2001;
  });
  expect(site.readLog()).not.toContain('in flight');
  const closed = kitchen.closed();
  await gate.open();
  await waitUntil('all of them are set aside', () => {
    return site.readCounts().deadLetters === 2000;
  });

  flood(2001);
  await closed;
  expect(site.readLog()).toContain('too many messages in flight');
});

test('An MQTT 5 client behind a broker cannot send what is too large only when its topic is written out', async () => {
  await using site = await startTestSite({ broker: 'mosquitto' });
  await using kitchen = await site.connect('kitchen');
  const how = { protocolVersion: 5, reconnectPeriod: 0 } as const;
  await using lamp = await site.connect('lamp', how);
  const options = { qos: 1, properties: { topicAlias: 1 } } as const;
  const topic = 'devices/lamp/readings';
  await lamp.client.publishAsync(topic, 'hello', options);

  const closed = lamp.closed();
  const large = 'x'.repeat(65_520);
  lamp.client.publishAsync('', large, options).catch(() => {});
  await closed;

  // Not refused by the endpoint, again and again, before all others.
  await kitchen.send({ sequence: 1, at: NOON });
  await site.untilStored(1);
});

test('When the ingestion stops, connections end that have not been let in yet', async () => {
  const site = await startTestSite();
  const idle = connectSocket(site.port, '127.0.0.1');
  await once(idle, 'connect');
  const { unlock } = await lockTable(site.pool, 'devices');
  const url = `mqtt://127.0.0.1:${site.port}`;
  const patient = { connectTimeout: 100_000, reconnectPeriod: 0 };
  const knocking = connectDevice(url, 'kitchen', 'x', patient);
  const ended = Promise.allSettled([knocking, once(idle, 'close')]);
  await untilWaiting(site.pool);

  const began = performance.now();
  const stopping = site[Symbol.asyncDispose]();
  await ended;

  // aedes alone takes 30 seconds for the one, and for ever for the other.
  expect(performance.now() - began).toBeLessThan(20_000);
  await unlock();
  await stopping;
});

test('A service turns no device away because many come all at once', async () => {
  await using database = await freshDatabase({
    schema: new URL('schema.sql', import.meta.url),
  });
  const mqttPort = await findFreePort();
  const log = createTestLog();
  const databaseUrl = database.url;
  const service = await startService({ databaseUrl, mqttPort, log });
  const key = `${await service.devices.register('first')}`;
  const ids = Array.from({ length: 150 }, (_, n) => `d-${n}`);
  await database.pool.query(
    `insert into devices (id, key_hash)
     select new_id, key_hash
     from devices, unnest($1::text[]) as new_id`,
    [ids],
  );
  const { unlock } = await lockTable(database.pool, 'devices');
  const url = `mqtt://127.0.0.1:${mqttPort}`;
  const how = { reconnectPeriod: 0 };

  const connecting = Promise.allSettled(
    ids.map((id) => connectDevice(url, id, key, how)),
  );
  // Ten of them have a connection to the database.
  await waitUntil('140 wait', () => service.pool.waitingCount === 140);

  await unlock();
  await connecting;
  expect(JSON.stringify(log.entries)).not.toContain('Too many callers');
  await service.stop();
});

test('A service listens, stores and stops', async () => {
  await using database = await freshDatabase({
    schema: new URL('schema.sql', import.meta.url),
  });
  const mqttPort = await findFreePort();
  const service = await startService({
    databaseUrl: database.url,
    mqttPort,
    log: console,
  });
  const key = `${await service.devices.register('kitchen')}`;
  const url = `mqtt://127.0.0.1:${mqttPort}`;
  await using kitchen = await connectDevice(url, 'kitchen', key);
  await kitchen.send({ sequence: 1, at: Date.now() });

  await service.stop();

  await kitchen.closed();
  expect(service.readCounts()).toMatchObject({ stored: 1 });
});

test('Mosquitto gets the devices whose keys are good, in order, and no front', async () => {
  await using site = await startTestSite();
  for (const id of ['kitchen', 'attic', 'lost'])
    await site.register(id);
  await site.register('front', { isFront: true });
  await site.devices.revoke('lost');

  const files = await site.devices.writeMosquittoFiles();

  const lines = files.passwords.split('\n');
  expect(lines.map((line) => line.split('$')[0])).toEqual([
    'attic:',
    'kitchen:',
    '',
  ]);
  expect(await site.dumpDevices()).toContain('2026-01-01 00:00:00+00');
});

test('A dead letter has the beginning of its payload and of its topic, without NUL', async () => {
  await using site = await startTestSite();
  await using kitchen = await site.connect('kitchen');

  await kitchen.publish(`a/${'b'.repeat(300)}`, 'c'.repeat(2000));
  await kitchen.publish('a/\0b', '');

  const { rows } = await site.pool.query(
    'select topic, length(payload) as bytes from dead_letters order by id',
  );
  expect(rows).toEqual([
    { topic: `a/${'b'.repeat(198)}`, bytes: 1024 },
    { topic: 'a/b', bytes: 0 },
  ]);
  expect(await site.readings.listDeadLetters()).toMatchObject([
    { topic: 'a/b', clientId: 'kitchen', reason: 'not its topic' },
    { receivedAt: new Date('2026-01-01') },
  ]);
  await site.pool.query(
    `insert into dead_letters
       (client_id, topic, reason, payload, received_at)
     select 'a', 'a', 'a', '', now() from generate_series(1, 100)`,
  );
  expect(await site.readings.listDeadLetters()).toHaveLength(100);
});

test('A message with QoS 2 closes the connection, and a will is ignored', async () => {
  await using site = await startTestSite();
  const will = {
    topic: 'devices/kitchen/readings',
    payload: Buffer.from(write({ sequence: 9, at: NOON })),
    qos: 1,
    retain: false,
  } as const;
  await using kitchen = await site.connect('kitchen', { will });
  await kitchen.send({ sequence: 1, at: NOON });

  const payload = write({ sequence: 2, at: NOON });
  const once = kitchen.client.publishAsync(
    'devices/kitchen/readings',
    payload,
    { qos: 2 },
  );
  once.catch(() => {});
  await kitchen.closed();
  expect(site.readLog()).toContain('QoS 2 is not offered');
  await kitchen.client.endAsync(true);

  await using lamp = await site.connect('lamp');
  await lamp.send({ sequence: 1, at: NOON });
  expect(await site.listStored()).toEqual(['kitchen 1', 'lamp 1']);
});

test('A message that fits exactly into the memory for waiting messages is taken', async () => {
  await using site = await startTestSite({ maxWaitingBytes: BYTES });
  await using kitchen = await site.connect('kitchen');
  await kitchen.send({ sequence: 1, at: NOON });

  const longer = { sequence: 10, at: NOON };
  kitchen.send(longer).catch(() => {});
  await kitchen.closed();
  expect(await site.listStored()).toEqual(['kitchen 1']);
});

test('A retained message does not stay in memory', async () => {
  await using site = await startTestSite();
  await using kitchen = await site.connect('kitchen');
  const payload = Buffer.alloc(60_000, 'x');
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  const measure = () => {
    collect();
    return process.memoryUsage().arrayBuffers;
  };
  const before = measure();

  // Not kept in a variable: mqtt.js resolves with what it has sent.
  await Promise.all(
    Array.from({ length: 300 }, (_, n) =>
      kitchen.client.publishAsync(`kitchen/${n}`, payload, {
        qos: 1,
        retain: true,
      }),
    ),
  );

  await waitUntil('the memory of 300 payloads is free', () => {
    return measure() - before < 9e6;
  });
});

test('A quota lets a burst through, then one message at a time, and saves up no more than a burst', async () => {
  let time = 0;
  const now = () => time;
  const quota = createQuota({ perSecond: 4, burst: 3, now });
  const { signal } = new AbortController();
  const isHeld = async (id: string) => {
    const taken = quota.take(id, signal).then(() => false);
    return Promise.race([taken, setImmediate(true)]);
  };
  const takeFour = async (id: string) => [
    await isHeld(id),
    await isHeld(id),
    await isHeld(id),
    await isHeld(id),
  ];

  expect(await takeFour('a')).toEqual([false, false, false, true]);
  expect(await isHeld('b')).toBe(false);
  time = 1e9;
  expect(await takeFour('a')).toEqual([false, false, false, true]);
  time += 500; // two of them
  expect(await isHeld('a')).toBe(false);
  expect(await isHeld('a')).toBe(false);

  const began = performance.now();
  await quota.take('a', signal);
  const waited = performance.now() - began;
  expect(waited).toBeGreaterThan(240);
  expect(waited).toBeLessThan(5000);
});

test('A quota takes nothing for a message whose connection is gone, and never ends early', async () => {
  const quota = createQuota({ perSecond: 1e-9, burst: 1 });
  const gone = new AbortController();
  await quota.take('a', gone.signal);
  const taken = quota.take('a', gone.signal);
  // A timer of Node that is set for too long ends after 1 ms.
  expect(await Promise.race([taken, pause(50, 'held')])).toBe('held');
  gone.abort();
  await expect(taken).rejects.toThrow('aborted');

  let time = 0;
  const second = createQuota({
    perSecond: 1,
    burst: 1,
    now: () => time,
  });
  const { signal } = new AbortController();
  await second.take('a', signal);
  for (let n = 0; n < 5; n++)
    await second
      .take('a', AbortSignal.abort())
      .catch(({ name }) => expect(name).toBe('AbortError'));
  time = 1000;
  await second.take('a', signal);
  for (const [perSecond, burst] of [
    [0, 1],
    [Number.NaN, 1],
    [1, 0],
  ] as const)
    expect(() => createQuota({ perSecond, burst })).toThrow(RangeError);
});

test('A clock is believed up to an hour ahead and thirty days behind', () => {
  const now = new Date('2026-06-01');
  const hour = 3_600_000;
  const tell = (hours: number) => {
    const at = now.getTime() + hours * hour;
    const payload = Buffer.from(write({ sequence: 0, at }));
    return readReading('a', payload, now)?.at.getTime() === at;
  };

  expect([0.99, 0, -719.99].map(tell)).toEqual([true, true, true]);
  expect([1, 1.01, -720, -721].map(tell)).toEqual([
    false,
    false,
    false,
    false,
  ]);
});

test('A reading may be as long as 1,024 bytes, and as late as the year 9999', () => {
  const at = Date.parse('9999-12-31T23:59:59.999Z');
  const accepts = (payload: string) =>
    readReading('a', Buffer.from(payload), new Date(NOON)) !==
    undefined;

  const metric = 'a'.repeat(40);
  const largest = write({ sequence: 0, at, metric }).padEnd(1024);
  expect(accepts(largest)).toBe(true);
  expect(accepts(write({ sequence: 0, at: 0 }))).toBe(true);
  expect(accepts(write({ sequence: 0, at: at + 1 }))).toBe(false);
  for (const metric of ['', '1a', '_a', 'A', 'a-b', 'a\n'])
    expect(accepts(write({ sequence: 0, at, metric }))).toBe(false);
});

test('Packets pass in whatever pieces they come', async () => {
  const bytes = Buffer.concat([0, 1, 127, 128, 300, 0].map(makePacket));

  for (const size of [1, 2, 3, 100, bytes.length]) {
    const source = new PassThrough();
    const limited = limitPackets(source, 300);
    for (let at = 0; at < bytes.length; at += size)
      source.write(bytes.subarray(at, at + size));
    source.end();
    expect(await buffer(limited)).toEqual(bytes);
  }
});

test('A connection breaks at the header of a packet that is too large, or has no end', async () => {
  const tooLarge = makePacket(301).subarray(0, 3);
  const endless = Buffer.from([0x30, 0x80, 0x80, 0x80, 0x80, 0x80]);

  for (const bytes of [tooLarge, endless]) {
    const source = new PassThrough();
    const limited = limitPackets(source, 300);
    source.write(Buffer.concat([makePacket(300), bytes]));
    await expect(buffer(limited)).rejects.toThrow(
      'more than 300 bytes',
    );
  }
});

test('The tables refuse what the code never writes', async () => {
  await using site = await startTestSite();
  await site.register('a');
  const { rows } = await site.pool.query(
    `select column_name
     from information_schema.columns
     where table_schema = 'public' and is_nullable = 'YES'`,
  );
  expect(rows).toEqual([{ column_name: 'revoked_at' }]);
  const refuse = async (sql: string, code: string) =>
    expect(site.pool.query(sql)).rejects.toMatchObject({ code });

  await refuse(
    `insert into devices (id, key_id, key_hash)
     select 'b', key_id, key_hash from devices`,
    '23505',
  );
  const added = await site.pool.query(
    `insert into devices (id, key_hash) values ('c', '') returning is_front`,
  );
  expect(added.rows).toEqual([{ is_front: false }]);
  for (const id of ['', 'A', 'a/b', 'a'.repeat(41)])
    await refuse(
      `insert into devices (id, key_hash) values ('${id}', '')`,
      '23514',
    );
  await refuse(
    `insert into readings
     values ('a', -1, now(), 'celsius', 1, now(), now())`,
    '23514',
  );
  await refuse(
    `insert into dead_letters
       (client_id, topic, reason, payload, received_at)
     values ('a', 'a', 'a', convert_to(repeat('a', 1025), 'UTF8'), now())`,
    '23514',
  );
  await refuse(
    `insert into dead_letters overriding system value
     select 1, 'a', 'a', 'a', '', now() from generate_series(1, 2)`,
    '23505',
  );
});

test('Postgres finds old rows, and those of a device, by an index', async () => {
  await using site = await startTestSite();
  const client = await site.pool.connect();
  await client.query('set enable_seqscan = off');
  const explain = async (sql: string) =>
    JSON.stringify((await client.query(`explain ${sql}`)).rows);
  const old = 'where received_at < now() limit 1';

  expect(await explain(`select from readings ${old}`)).toContain(
    'readings_received_at',
  );
  expect(await explain(`select from dead_letters ${old}`)).toContain(
    'dead_letters_received_at',
  );
  const recent = `select at from readings
    where device_id = 'a' and metric = 'celsius' order by at desc`;
  expect(await explain(recent)).toContain('readings_of_a_device');
  client.release(true);
});

test('Retention deletes what came before a day, in batches', async () => {
  await using site = await startTestSite();
  await using kitchen = await site.connect('kitchen');
  const topic = 'devices/kitchen/readings';
  for (const sequence of [1, 2, 3]) {
    await kitchen.send({ sequence, at: NOON });
    await kitchen.publish(topic, 'hello');
  }
  const before = new Date('2026-01-02');
  site.clock.advance({ days: 1 });
  await kitchen.send({ sequence: 4, at: NOON });
  await kitchen.publish(topic, 'hello');

  expect(await deleteReceivedBefore(site.pool, before, 2)).toBe(4);
  expect(await site.listStored()).toHaveLength(2);
  expect(await site.listDead()).toHaveLength(2);
  expect(await deleteReceivedBefore(site.pool, before)).toBe(2);
  expect(await deleteReceivedBefore(site.pool, before)).toBe(0);
  expect(await site.listStored()).toEqual(['kitchen 4']);
  expect(await site.listDead()).toHaveLength(1);
});

test('A batch of deletions is of 5,000 rows', async () => {
  await using site = await startTestSite();
  await site.pool.query(
    `insert into readings
     select device, n, now(), 'celsius', 1, now(), now() - interval '2 days'
     from generate_series(1, 5001) n, unnest(array['a', 'b']) device`,
  );
  expect(await eraseDevice(site.pool, 'a')).toBe(5000);
  expect(await deleteReceivedBefore(site.pool, new Date())).toBe(5000);
});

test('A device that is erased leaves nothing, and other devices all of theirs', async () => {
  await using site = await startTestSite();
  for (const id of ['kitchen', 'lamp']) {
    await using device = await site.connect(id);
    for (const sequence of [1, 2, 3])
      await device.send({ sequence, at: NOON });
    await device.publish('devices/kitchen/readings', 'hello');
    await device.publish('hello', 'hello');
  }
  await using kitchen = await site.connect('kitchen');

  // A device, its latest value, two of three readings and letters.
  expect(await eraseDevice(site.pool, 'kitchen', 2)).toBe(6);
  expect(await eraseDevice(site.pool, 'kitchen')).toBe(2);
  expect(await eraseDevice(site.pool, 'kitchen')).toBe(0);
  kitchen.send({ sequence: 4, at: NOON }).catch(() => {});
  await kitchen.closed();

  expect(await site.listStored()).toEqual([
    'lamp 1',
    'lamp 2',
    'lamp 3',
  ]);
  expect(await site.listDead()).toEqual(['not its topic']);
  const latest = await site.readings.listLatest();
  expect(latest.map(({ deviceId }) => deviceId)).toEqual(['lamp']);
  expect(await site.dumpDevices()).not.toContain('kitchen');
});

const MALFORMED = [
  '',
  'hello',
  '[]',
  '{"sequence":1}',
  write({ sequence: -1, at: NOON }),
  write({ sequence: 1.5, at: NOON }),
  write({ sequence: 1, at: -1 }),
  write({ sequence: 1, at: 1e15 }),
  write({ sequence: 1, at: NOON, metric: '\0' }),
  write({ sequence: 1, at: NOON, metric: 'a'.repeat(41) }),
  write({ sequence: 1, at: NOON }).replace('21.5', '1e999'),
  write({ sequence: 1, at: NOON }).replace('{', '{"unit":"C",'),
  Buffer.from([0xff, 0xfe, 0]),
  write({ sequence: 1, at: NOON }).padEnd(1025),
];

/** The client id of the kitchen, with the key of the lamp. */
async function pretend(url: string, key: string) {
  const options = { clientId: 'kitchen', reconnectPeriod: 0 };
  const attempt = connectDevice(url, 'lamp', key, options);
  await attempt.then(
    async (device) => device[Symbol.asyncDispose](),
    () => {}, // refused: equally harmless
  );
}

function makeReading(reading: Partial<Reading>): Reading {
  const at = new Date(NOON);
  return {
    deviceId: 'a',
    sequence: 1,
    measuredAt: at,
    metric: 'celsius',
    value: 1,
    at,
    receivedAt: at,
    ...reading,
  };
}

/** A kind, a length, and as many bytes. */
function makePacket(length: number): Buffer {
  const low = length % 128;
  const high = length >> 7;
  const header = high > 0 ? [0x30, low | 128, high] : [0x30, low];
  const body = Buffer.alloc(length, 0xff);
  return Buffer.concat([Buffer.from(header), body]);
}
