import { expect, it } from 'vitest';
import { startTestApp } from './test-app.ts';

const AT = '2026-06-15T11:00:00Z';
const HOUR = {
  from: '2026-06-15T10:30:00Z',
  to: '2026-06-15T11:30:00+00:00',
};
const CELLAR = '/sensors/cellar/readings';

it('takes readings, gives the latest and the history, and erases', async () => {
  await using app = await startTestApp();
  const { send } = app;

  expect(await send('PUT', '/sensors/cellar')).toMatchObject({
    status: 204,
  });
  expect(await send('PUT', '/sensors/cellar')).toMatchObject({
    status: 204,
  });
  const reading = { sensor: 'cellar', at: AT, value: 8.5 };
  const body = { readings: [reading] };
  expect(await send('POST', '/readings', { body })).toMatchObject({
    status: 200,
    body: { added: 1, repeated: 0, refused: [] },
  });

  const latest = { at: '2026-06-15T11:00:00.000Z', value: 8.5 };
  const search = '/sensors?name=cellar&name=roof';
  expect((await send('GET', search)).body).toEqual([
    { id: 2, name: 'cellar', latest },
    { id: 1, name: 'roof', latest: null },
  ]);
  const path = `${CELLAR}?${new URLSearchParams(HOUR)}`;
  const history = await send<{ points: { count: number }[] }>(
    'GET',
    path,
  );
  expect(history.body).toMatchObject({
    step: '10 seconds',
    table: 'sensor_readings',
  });
  const { points } = history.body;
  expect(points.length).toBe(360);
  expect(points.filter(({ count }) => count > 0)).toEqual([
    { at: latest.at, count: 1, mean: 8.5, min: 8.5, max: 8.5 },
  ]);
  expect((await send('DELETE', path)).status).toBe(204);
  expect((await send('GET', search)).body).toMatchObject([
    { latest: null },
    { latest: null },
  ]);
});

it('refuses single readings that do not have the right form', async () => {
  await using app = await startTestApp();
  const good = { sensor: 'roof', at: AT, value: 1 };
  const bad = [
    { ...good, value: null },
    { ...good, value: '1' },
    { ...good, at: '2026-06-15T11:00:00' },
    { ...good, at: 1_781_521_200 },
    { ...good, sensor: "roof'; drop" },
    { ...good, more: 1 },
    null,
  ];
  const shed = { ...good, sensor: 'shed' };
  const body = { readings: [...bad, shed, good] };

  expect((await app.send('POST', '/readings', { body })).body).toEqual({
    added: 1,
    repeated: 0,
    refused: [
      ...bad.map((_, index) => ({ index, code: 'invalid_reading' })),
      { index: 7, code: 'unknown_sensor' },
    ],
  });
});

it('refuses a batch that is not one, or is too large', async () => {
  await using app = await startTestApp();
  const post = async (body: unknown) =>
    (await app.send('POST', '/readings', { body })).status;

  expect(await post({})).toBe(400);
  expect(await post({ readings: [] })).toBe(400);
  expect(await post({ readings: Array(5001).fill(1) })).toBe(400);
  expect(await post({ readings: ['x'.repeat(1_000_000)] })).toBe(413);
});

it('refuses a history without bounds, or of an unknown zone', async () => {
  await using app = await startTestApp();
  const ask = (name: string, query: Record<string, string>) =>
    app.send(
      'GET',
      `/sensors/${name}/readings?${new URLSearchParams(query)}`,
    );
  const queries: Record<string, string>[] = [
    {},
    { ...HOUR, to: HOUR.from },
    { ...HOUR, from: 'yesterday' },
    { ...HOUR, from: '1990-01-01T00:00:00Z' },
    { ...HOUR, maxPoints: '2001' },
    { ...HOUR, maxPoints: '49' },
    { ...HOUR, step: '1 second' },
    { ...HOUR, zone: '+02:00' },
    { ...HOUR, zone: 'Europe/Atlantis' },
  ];

  for (const query of queries)
    expect(await ask('roof', query)).toMatchObject({
      status: 400,
      body: { code: 'invalid_request' },
    });
  expect(await ask('shed', HOUR)).toMatchObject({
    status: 404,
    body: { code: 'no_such_sensor' },
  });
  for (const zone of ['Asia/Kolkata', 'Africa/Cairo', 'UTC'])
    expect((await ask('roof', { ...HOUR, zone })).status).toBe(200);
  expect(app.log.entries).toEqual([]);
});
