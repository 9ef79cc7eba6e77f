import { startObjectStore } from '@touchstone/kit/object-storage/object-store';
import { afterAll, expect, it } from 'vitest';
import { startTestApp } from './test-app.ts';

const objectStore = await startObjectStore();
afterAll(() => objectStore[Symbol.asyncDispose]());

it('asks for a session before it signs anything', async () => {
  await using app = await startTestApp(objectStore);
  const id = await app.ada.begin(5);

  for (const [method, path] of [
    ['GET', '/sessions/current'],
    ['POST', '/uploads'],
    ['GET', `/uploads/${id}`],
    ['POST', `/uploads/${id}/confirmation`],
    ['GET', `/uploads/${id}/file`],
  ] as const)
    for (const cookie of ['', `__Host-session=${'x'.repeat(43)}`]) {
      const headers = { cookie };
      const answer = await fetch(`${app.url}${path}`, {
        method,
        headers,
      });
      expect(answer.status).toBe(401);
      expect(await answer.json()).toMatchObject({ code: 'no_session' });
    }
});

it('refuses what is no upload', async () => {
  await using app = await startTestApp(objectStore);
  const bodies = [
    {},
    { name: 'a', size: 0 },
    { name: 'a', size: -1 },
    { name: 'a', size: 1.5 },
    { name: 'a', size: '5' },
    { name: 'a'.repeat(256), size: 5 },
    { name: 'a', size: 5, key: 'uploads/mine' },
  ];

  for (const body of bodies)
    expect(await app.ada.send('POST', '/uploads', body)).toMatchObject({
      status: 400,
      body: { code: 'invalid_request' },
    });
  expect((await app.ada.send('GET', '/uploads/7')).status).toBe(400);
});

it('keeps its session out of the reach of scripts and other sites', async () => {
  await using app = await startTestApp(objectStore);

  const { headers } = await fetch(`${app.url}/sessions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"name":"ada"}',
  });

  expect(headers.get('set-cookie')).toMatch(
    /^__Host-session=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
  );
});
