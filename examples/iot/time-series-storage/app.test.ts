import { systemClock } from '@touchstone/kit/time/clock';
import { waitUntil } from '@touchstone/kit/time/wait';
import { expect, it } from 'vitest';
import { startMaintenance } from './maintenance.ts';
import { startTestApp } from './test-app.ts';

const AT = '2026-06-15T11:00:00Z';
const HOUR = {
  from: '2026-06-15T10:30:00Z',
  to: '2026-06-15T11:30:00+00:00',
};

it('takes readings, and gives the latest and the history', async () => {
  await using app = await startTestApp();

  expect((await app.register('cellar')).status).toBe(204);
  expect((await app.register('cellar')).status).toBe(204);
  expect(await app.latest('cellar')).toMatchObject({
    status: 404,
    body: { code: 'no_reading' },
  });
  const reading = { sensor: 'cellar', at: AT, value: 8.5 };
  expect(await app.post([reading])).toEqual({
    status: 201,
    body: { added: 1, repeated: 0 },
  });

  const latest = { at: '2026-06-15T11:00:00.000Z', value: 8.5 };
  expect(await app.latest('cellar')).toEqual({
    status: 200,
    body: latest,
  });
  expect((await app.send('GET', '/sensors')).body).toEqual([
    { name: 'cellar', latest },
    { name: 'roof', latest: null },
  ]);
  const { body } = await app.history('cellar', HOUR);
  expect(body).toMatchObject({
    step: '10 seconds',
    table: 'sensor_readings',
  });
  const points = body.points as { count: number }[];
  expect(points.length).toBe(360);
  expect(points.filter(({ count }) => count > 0)).toEqual([
    { at: latest.at, count: 1, mean: 8.5, min: 8.5, max: 8.5 },
  ]);
});

it('refuses readings that are not what it stores', async () => {
  await using app = await startTestApp();
  const good = { sensor: 'roof', at: AT, value: 1 };
  const bodies = [
    {},
    { readings: [] },
    { readings: [{ ...good, value: null }] },
    { readings: [{ ...good, value: '1' }] },
    { readings: [{ ...good, value: 1e15 }] },
    { readings: [{ ...good, at: '2026-06-15T11:00:00' }] },
    { readings: [{ ...good, at: 1_781_521_200 }] },
    { readings: [{ ...good, sensor: "roof'; drop" }] },
    { readings: [{ ...good, more: 1 }] },
    { readings: Array.from({ length: 5001 }, () => good) },
    '{"readings":[{"sensor":"roof","at":"2026-06-15T11:00:00Z","value":NaN}]}',
  ];

  for (const body of bodies)
    expect(await app.send('POST', '/readings', body)).toMatchObject({
      status: 400,
    });
  expect(
    (await app.send('POST', '/readings', 'x'.repeat(1_100_000))).status,
  ).toBe(413);
  const answer = await app.post([{ ...good, sensor: 'shed' }]);
  expect(answer).toMatchObject({
    status: 422,
    body: { code: 'unknown_sensor', detail: 'No sensor shed' },
  });
});

it('refuses a history without bounds, or of a zone that is none', async () => {
  await using app = await startTestApp();
  const queries: Record<string, string>[] = [
    {},
    { ...HOUR, to: HOUR.from },
    { ...HOUR, from: 'yesterday' },
    { ...HOUR, from: '1990-01-01T00:00:00Z' },
    { ...HOUR, maxPoints: '2001' },
    { ...HOUR, maxPoints: '49' },
    { ...HOUR, zone: '+02:00' },
    { ...HOUR, zone: 'Europe/Atlantis' },
    { ...HOUR, step: '1 second' },
  ];

  for (const query of queries)
    expect(await app.history('roof', query)).toMatchObject({
      status: 400,
      body: { code: 'invalid_request' },
    });
  expect(await app.history('shed', HOUR)).toMatchObject({
    status: 404,
    body: { code: 'no_such_sensor' },
  });
  for (const zone of ['Asia/Kolkata', 'Etc/GMT+5', 'UTC'])
    expect((await app.history('roof', { ...HOUR, zone })).status).toBe(
      200,
    );
  expect(app.errors).toEqual([]);
});

it('rolls up and looks after partitions by itself, even after an error', async () => {
  await using app = await startTestApp(systemClock().toISOString());
  const { pool, partitions, log } = app;
  await app.append({ [systemClock().toISOString()]: 1 });
  let failures = 0;
  async function runAll() {
    if (failures++ === 0) throw new Error('the database is away');
    await app.rollUps.runAll();
  }
  const storage = { partitions, rollUps: { ...app.rollUps, runAll } };

  await using _maintenance = startMaintenance({
    storage,
    log,
    rollUpSeconds: 0.01,
  });

  await waitUntil('there is a quarter', async () => {
    const { rowCount } = await pool.query('select from quarters');
    return rowCount === 1;
  });
  expect(app.warnings[0]?.message).toBe('maintenance failed');
});
