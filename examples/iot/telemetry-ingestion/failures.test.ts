import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { findFreePort } from '@touchstone/kit/programs/free-port';
import { startProgram } from '@touchstone/kit/programs/program';
import { failure } from '@touchstone/kit/testing/failure';
import { waitUntil } from '@touchstone/kit/time/wait';
import { expect } from 'vitest';
import { createDevices } from './devices.ts';
import { createSecrets } from './secrets.ts';
import { connectDevice, write } from './test-device.ts';
import { BROKERS, holdCommits, startTestSite } from './test-site.ts';

const NOON = Date.parse('2026-01-01T12:00:00Z');

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
      'A clock that is wrong by less than an hour into the future, or thirty days into the past, is believed',
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
    defence: 'receive',
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

    for (const id of ['front', 'lamp']) await site.devices.revoke(id);
    proxy.publish('devices/lamp/readings', payload).catch(() => {});
    lamp.publish('devices/lamp/readings', 'hello').catch(() => {});
    await proxy.closed();
    await lamp.closed();
    expect(site.readLog()).toContain('lamp is revoked');
    expect(await site.listStored()).toEqual(['lamp 1']);
    expect(await site.listDead()).toEqual([]);
  },
);

failure(
  'A device publishes, subscribes or connects in the name of another',
  {
    symptom:
      'The message is a dead letter, `not its topic`; the subscription and the connection are refused',
    defence: 'receive',
    remains: 'A device may lie about itself',
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
      const dead = broker === 'aedes' ? 2 : 0;
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
      'No acknowledgement; `waitingBytes` stops at its limit, connections beyond it are closed; all is stored when it is back',
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
      'It is read more slowly, and its acknowledgements come at its rate; other devices notice nothing, and when it leaves, nothing of it stays in memory',
    defence: 'take',
    remains:
      'Behind a broker nothing slows it down: its readings are all stored, so alert on readings per device. Each instance counts for itself; CONNECT is not counted',
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
