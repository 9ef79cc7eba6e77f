import { waitUntil } from '@touchstone/kit/time/wait';
import { describe, expect, it } from 'vitest';
import { holdCommits } from './test-gate.ts';
import { BROKERS, startTestSite } from './test-site.ts';

const NEW_YEAR = Date.parse('2026-01-01T00:00:00Z');

describe.each(BROKERS)('a reading through %s', (broker) => {
  it('is in the table with what the device said of it', async () => {
    await using site = await startTestSite({ broker });
    await using kitchen = await site.connect('kitchen');
    const at = NEW_YEAR - 5000;

    await kitchen.send({ sequence: 1, at, value: -3.5 });

    await waitUntil('it is stored', () => {
      return site.readCounts().stored === 1;
    });
    const { rows } = await site.pool.query('select * from readings');
    expect(rows).toEqual([
      {
        device_id: 'kitchen',
        sequence: '1',
        measured_at: new Date(at),
        metric: 'celsius',
        value: -3.5,
        at: new Date(at),
        received_at: new Date(NEW_YEAR),
      },
    ]);
  });
});

describe('an acknowledgement', () => {
  it('is not sent before the commit', async () => {
    await using site = await startTestSite();
    await using kitchen = await site.connect('kitchen');
    await using gate = await holdCommits(site.pool);
    let isAcknowledged = false;
    const sent = kitchen
      .send({ sequence: 1, at: NEW_YEAR })
      .then(() => {
        isAcknowledged = true;
      });

    await gate.reached();
    // Another has its answer meanwhile: this one would be here by now.
    await using lamp = await site.connect('lamp');
    await lamp.publish('devices/lamp/readings', 'hello');
    expect(isAcknowledged).toBe(false);
    expect(await site.listStored()).toEqual([]);

    await gate.open();
    await sent;
    expect(await site.listStored()).toEqual(['kitchen 1']);
  });
});

describe('a batch', () => {
  it('is whatever came while the one before was committed', async () => {
    await using site = await startTestSite();
    const devices = ['a', 'b', 'c'];
    await using first = await site.connect('first');
    await using stack = new AsyncDisposableStack();
    const others = [];
    for (const id of devices)
      others.push(stack.use(await site.connect(id)));
    await using gate = await holdCommits(site.pool);

    const sent = [first.send({ sequence: 1, at: NEW_YEAR })];
    await gate.reached();
    for (const device of others)
      sent.push(device.send({ sequence: 1, at: NEW_YEAR }));
    await waitUntil('all have come', () => {
      return site.readCounts().waiting === 4;
    });
    await gate.open();
    await Promise.all(sent);

    const { rows } = await site.pool.query(
      `select count(*)::int as readings
       from readings
       group by xmin::text
       order by 1`,
    );
    expect(rows).toEqual([{ readings: 1 }, { readings: 3 }]);
  });

  it('does not suffer for a value that the database refuses', async () => {
    await using site = await startTestSite();
    await site.pool.query(
      'alter table readings add constraint possible check (value < 60)',
    );
    await using kitchen = await site.connect('kitchen');

    await Promise.all(
      [10, 20, 85, 30, 40].map((value, sequence) =>
        kitchen.send({ sequence, at: NEW_YEAR, value }),
      ),
    );

    expect(await site.listStored()).toHaveLength(4);
    expect(await site.listDead()).toEqual(['refused']);
  });

  it('that cannot be committed is left to the devices at the end', async () => {
    const site = await startTestSite({ retrySeconds: 3600 });
    await using kitchen = await site.connect('kitchen');
    site.takeDatabaseAway();
    let isAcknowledged = false;
    void kitchen.send({ sequence: 1, at: NEW_YEAR }).then(() => {
      isAcknowledged = true;
    });
    await waitUntil('it was tried', () => site.logged.length > 0);

    await site[Symbol.asyncDispose]();

    expect(isAcknowledged).toBe(false);
    expect(site.readCounts().waiting).toBe(0);
  });
});

describe('a connection', () => {
  it('is refused for now while the database cannot be asked', async () => {
    await using site = await startTestSite();
    await site.register('kitchen');
    site.takeDatabaseAway();

    await expect(site.connect('kitchen')).rejects.toMatchObject({
      code: 3, // server unavailable: come back later
    });
  });

  it('is refused for a wrong key and for an unknown device', async () => {
    await using site = await startTestSite();
    await site.register('kitchen');

    for (const id of ['kitchen', 'cellar'])
      await expect(site.knock(id, 'guess')).rejects.toMatchObject({
        code: 4,
      });
    await expect(site.devices.register('kitchen')).resolves.toBe(
      undefined,
    );
  });
});
