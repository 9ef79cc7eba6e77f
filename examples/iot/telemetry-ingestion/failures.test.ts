import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { findFreePort } from '@touchstone/kit/programs/free-port';
import { startProgram } from '@touchstone/kit/programs/program';
import { failure } from '@touchstone/kit/testing/failure';
import { waitUntil } from '@touchstone/kit/time/wait';
import { expect } from 'vitest';
import { createDevices } from './devices.ts';
import { writeMosquittoFiles } from './mosquitto-files.ts';
import { createSecrets } from './secrets.ts';
import { connectDevice, write } from './test-device.ts';
import { holdCommits } from './test-gate.ts';
import { BROKERS, startTestSite } from './test-site.ts';

const NOON = Date.parse('2026-01-01T12:00:00Z');

failure(
  'The acknowledgement is lost, and a reading is sent again',
  {
    symptom: 'One row; `duplicates` in `/counts` grows',
    defence: 'insert',
    remains:
      'A device that gives a reading another number or time when it sends it again has made two',
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
      'Whoever has summed up yesterday already must look again: ask by `received_at`',
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
    // Sent again a day later, it is the same reading still.
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
      'His next reading is a dead letter, `revoked`; he is cut off, and CONNECT is refused',
    defence: 'insert',
    remains: 'What he sent before stands: `received_at` tells it apart',
  },
  async () => {
    for (const broker of BROKERS) {
      await using site = await startTestSite({ broker });
      const key = await site.register('kitchen');
      await using thief = await connectDevice(site.url, 'kitchen', key);
      await thief.send({ sequence: 1, at: NOON });
      await waitUntil('it is stored', () => {
        return site.readCounts().stored === 1;
      });

      await site.devices.revoke('kitchen');
      thief.send({ sequence: 2, at: NOON }).catch(() => {});

      await waitUntil('it is set aside', async () => {
        return (await site.listDead()).length > 0;
      });
      await site.mosquitto?.rewrite(
        await writeMosquittoFiles(site.devices),
      );
      await thief.closed();
      expect((await site.listDead())[0]).toBe('revoked');
      expect(await site.listStored()).toEqual(['kitchen 1']);
      const again = connectDevice(site.url, 'kitchen', key);
      await expect(again).rejects.toThrow('Connection refused');
      expect(await site.dumpDevices()).not.toContain(key);
    }
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

      await waitUntil('the honest ones are stored', () => {
        return site.readCounts().stored === 2;
      });
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
  'The database is away while devices go on sending',
  {
    symptom:
      'No acknowledgement; `waiting` stops at its limit, connections beyond it are closed; all is stored when it is back',
    defence: 'add',
    remains:
      'A device must hold its readings as long: the outage may last longer than its memory',
  },
  async () => {
    await using site = await startTestSite({ maxWaiting: 40 });
    const devices = await Promise.all(
      ['a', 'b', 'c', 'd'].map((id) => site.connect(id)),
    );
    await using stack = new AsyncDisposableStack();
    for (const device of devices) stack.use(device);
    site.takeDatabaseAway();

    const acknowledged: string[] = [];
    const sent = devices.flatMap((device) =>
      Array.from({ length: 30 }, async (_, sequence) => {
        await device.send({ sequence, at: NOON + sequence });
        acknowledged.push(`${device.client.options.clientId}`);
      }),
    );
    await waitUntil('somebody was sent away', () =>
      site.logged.some((line) => line.includes('Send it again later')),
    );
    await waitUntil('it was tried again', () =>
      site.logged.some((line) => line.includes('readings wait')),
    );
    expect(site.readCounts().waiting).toBeLessThanOrEqual(40);
    expect(acknowledged).toEqual([]);

    site.bringDatabaseBack();
    await Promise.all(sent);
    expect(acknowledged).toHaveLength(120);
    expect(await site.listStored()).toHaveLength(120);
  },
);

failure(
  'A broker stands in front, and restarts while the database is away',
  {
    symptom:
      'Mosquitto acknowledges, keeps more than its default of 1,000 messages, and hands all of them over later',
    defence: 'keep-and-hand-over',
    remains:
      'A kill -9 costs what it acknowledged in the last second; its queue ends at `max_queued_bytes`, here 1 GB',
  },
  async () => {
    await using site = await startTestSite({ broker: 'mosquitto' });
    await using kitchen = await site.connect('kitchen');
    await kitchen.send({ sequence: 0, at: NOON });
    await waitUntil('one has come through', () => {
      return site.readCounts().stored === 1;
    });
    site.takeDatabaseAway();

    // Twice what it keeps by default.
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

    await waitUntil('all is stored', async () => {
      return (await site.listStored()).length === 3002;
    });
  },
);

failure(
  'One device floods',
  {
    symptom:
      'It is read more slowly, and its acknowledgements come at its rate; behind a broker its surplus is dropped, and `overQuota` grows',
    defence: 'receive',
    remains:
      'Each instance counts for itself; CONNECT is not counted: limit connections in front',
  },
  async () => {
    for (const broker of BROKERS) {
      const quota = { burst: 50, perSecond: 0.001 };
      await using site = await startTestSite({ broker, ...quota });
      await using flooder = await site.connect('flooder');
      await using kitchen = await site.connect('kitchen');

      for (let sequence = 0; sequence < 80; sequence++)
        flooder.send({ sequence, at: NOON }).catch(() => {});
      await waitUntil('its quota is stored', () => {
        return site.readCounts().stored === 50;
      });
      await kitchen.send({ sequence: 1, at: NOON });

      await waitUntil('the others pass', () => {
        return site.readCounts().stored === 51;
      });
      if (broker === 'mosquitto')
        await waitUntil('its surplus is counted', () => {
          return site.readCounts().overQuota === 30;
        });
    }
    await using site = await startTestSite({ burst: 5, perSecond: 50 });
    await using patient = await site.connect('patient');
    await Promise.all(
      Array.from({ length: 20 }, (_, sequence) =>
        patient.send({ sequence, at: NOON }),
      ),
    );
    expect(site.readCounts()).toMatchObject({ stored: 20 });
  },
);

failure(
  'A payload is no reading, or is much too large',
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

      await waitUntil('the good one is stored', () => {
        return site.readCounts().stored === 1;
      });
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
    expect(site.logged.join()).toContain('more than 65536 bytes');
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
    expect(second.url).toBeDefined();

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
  write({ sequence: 1, at: 1e15 }),
  write({ sequence: 1, at: NOON, metric: '\0' }),
  write({ sequence: 1, at: NOON }).replace('21.5', '1e999'),
  Buffer.from([0xff, 0xfe, 0]),
  write({ sequence: 1, at: NOON }).padEnd(2000),
];

/** The client id of the kitchen, with the key of the lamp. */
async function pretend(url: string, key: string) {
  const options = { clientId: 'kitchen', reconnectPeriod: 0 };
  const attempt = connectDevice(url, 'lamp', key, options);
  await attempt.then(
    async (device) => device[Symbol.asyncDispose](),
    () => {}, // refused: as good as harmless
  );
}
