import { startObjectStore } from '@touchstone/kit/object-storage/object-store';
import { createClient } from '@touchstone/kit/testing/client';
import { waitUntil } from '@touchstone/kit/time/wait';
import { afterAll, expect, it, vi } from 'vitest';
import { startTestApp } from './test-app.ts';

const objectStore = await startObjectStore({});
afterAll(() => objectStore[Symbol.asyncDispose]());

it('asks for a session before it signs anything, and keeps it out of the reach of scripts and other sites', async () => {
  await using app = await startTestApp(objectStore);
  const upload = `/uploads/${await app.ada.begin(5)}`;
  const send = createClient(app.url);

  for (const [method, path] of [
    ['POST', '/uploads'],
    ['GET', upload],
    ['POST', `${upload}/confirmation`],
    ['GET', `${upload}/file`],
    ['DELETE', upload],
  ] as const)
    for (const cookie of ['', `__Host-session=${'x'.repeat(43)}`]) {
      const answer = await send(method, path, { headers: { cookie } });
      expect(answer).toMatchObject({
        status: 401,
        body: { code: 'no_session' },
      });
    }
  const body = { name: 'ada' };
  const { headers } = await send('POST', '/sessions', { body });
  expect(headers.get('set-cookie')).toMatch(
    /^__Host-session=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
  );
});

it('refuses what is not an upload', async () => {
  await using app = await startTestApp(objectStore);
  const bodies: object[] = [
    {},
    { name: 'a', size: -1 },
    { name: 'a', size: 1.5 },
    { name: 'a', size: '5' },
    { name: '', size: 5 },
    { name: 'a'.repeat(256), size: 5 },
    { name: 'a', size: 5, key: 'uploads/mine' },
  ];

  for (const body of bodies)
    expect(
      await app.ada.send('POST', '/uploads', { body }),
    ).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  expect((await app.ada.send('GET', '/uploads/7')).status).toBe(400);
});

it('sweeps every hour, also after a sweep that failed', async () => {
  vi.useFakeTimers({ toFake: ['setInterval'] });
  await using app = await startTestApp(objectStore);
  await app.ada.begin(5);
  await app.pass(24);
  await app.pool.query('alter table uploads rename to lost');
  vi.advanceTimersByTime(3_600_000);
  await waitUntil('the sweep failed', () =>
    app.log.entries.some(({ message }) => message === 'sweep failed'),
  );

  await app.pool.query('alter table lost rename to uploads');
  vi.advanceTimersByTime(3_600_000);
  const findAbandoned = `select from uploads where state = 'abandoned'`;
  await waitUntil('the next sweep abandoned it', async () => {
    const { rowCount } = await app.pool.query(findAbandoned);
    return rowCount === 1;
  });
  vi.useRealTimers();
});
