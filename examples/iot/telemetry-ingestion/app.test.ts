import { expect, it } from 'vitest';
import { startTestApp } from './test-app.ts';

const NEW_YEAR = '2026-01-01T00:00:00.000Z';

it('makes a device, shows what it sends, and revokes it', async () => {
  await using app = await startTestApp();
  const made = await app.send('POST', '/devices', {
    body: { id: 'kitchen' },
  });
  expect(made).toMatchObject({ status: 201, body: { id: 'kitchen' } });
  await using kitchen = await app.site.knock(
    'kitchen',
    `${made.body.key}`,
  );
  const at = Date.parse(NEW_YEAR);

  await kitchen.send({ sequence: 1, at, value: 19.5 });
  await kitchen.publish('devices/kitchen/readings', 'hello');

  expect(await app.send('GET', '/readings/latest')).toMatchObject({
    status: 200,
    body: [
      {
        deviceId: 'kitchen',
        metric: 'celsius',
        sequence: '1',
        at: NEW_YEAR,
        value: 19.5,
      },
    ],
  });
  expect(
    await app.send('GET', '/devices/kitchen/celsius'),
  ).toMatchObject({
    body: [{ at: NEW_YEAR, value: 19.5, clockIsOff: false }],
  });
  expect(await app.send('GET', '/dead-letters')).toMatchObject({
    body: [{ clientId: 'kitchen', reason: 'malformed' }],
  });
  expect(await app.send('GET', '/counts')).toMatchObject({
    body: { stored: 1, duplicates: 0, deadLetters: 1, waiting: 0 },
  });
  const revoke = () => app.send('DELETE', '/devices/kitchen');
  expect((await revoke()).status).toBe(204);
  expect(await revoke()).toMatchObject({
    status: 404,
    body: { code: 'not_found' },
  });
});

it('refuses an id that is taken, or that is none', async () => {
  await using app = await startTestApp();
  const register = (id: unknown) =>
    app.send('POST', '/devices', { body: { id } });
  await register('kitchen');

  expect(await register('kitchen')).toMatchObject({
    status: 409,
    body: { code: 'id_taken' },
  });
  for (const id of ['', 'a/b', '+', 'x'.repeat(41), 7])
    expect(await register(id)).toMatchObject({
      status: 400,
      body: { code: 'invalid_request' },
    });
});

it('makes, revokes and shows dead letters for the operator alone', async () => {
  await using app = await startTestApp();
  const send = app.sendAs('guess');
  const requests = [
    ['POST', '/devices'],
    ['DELETE', '/devices/kitchen'],
    ['GET', '/dead-letters'],
    ['GET', '/counts'],
  ] as const;

  for (const [method, path] of requests)
    expect(await send(method, path)).toMatchObject({
      status: 401,
      body: { code: 'invalid_token' },
    });
});
