import { expect, it } from 'vitest';
import { startTestApp } from './test-app.ts';
import { readSession } from './test-client.ts';

it('keeps the refresh token out of reach of scripts, other sites and caches', async () => {
  await using app = await startTestApp();

  const answer = await app.send('POST', '/sessions', {
    body: {
      email: 'Ada@Example.com',
      password: 'correct horse battery',
    },
  });

  expect(answer.status).toBe(201);
  const { refreshToken } = readSession(answer);
  expect(answer.headers.getSetCookie()).toEqual([
    `__Host-refresh=${refreshToken}; Max-Age=2592000; Path=/; Secure; HttpOnly; SameSite=Strict`,
  ]);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.body).toEqual({
    accessToken: expect.any(String),
    expiresIn: 300,
  });
  const refreshed = await app.refresh(refreshToken);
  expect(refreshed.headers.get('cache-control')).toBe('no-store');
});

it('answers a wrong password with 401, no matter how short it is', async () => {
  await using app = await startTestApp();

  const answer = await app.send('POST', '/sessions', {
    body: { email: 'ada@example.com', password: 'x' },
  });

  expect(answer).toMatchObject({
    status: 401,
    body: { code: 'wrong_credentials' },
  });
});

it('asks for a token where one is needed', async () => {
  await using app = await startTestApp();

  expect(await app.send('GET', '/me')).toMatchObject({
    status: 401,
    body: { code: 'token_missing' },
  });
  expect(await app.send('POST', '/sessions/refresh')).toMatchObject({
    status: 401,
    body: { code: 'invalid_grant' },
  });
});
