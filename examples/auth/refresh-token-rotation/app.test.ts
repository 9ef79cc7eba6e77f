import { expect, it } from 'vitest';
import { startTestApp } from './test-app.ts';

it('refuses a body that is not what the route asks for', async () => {
  await using app = await startTestApp();
  const bodies = [
    {},
    { refreshToken: 7 },
    { refreshToken: 'x' },
    { refreshToken: null, more: 1 },
  ];

  for (const body of bodies) {
    const answer = await app.send('POST', '/sessions/refresh', {
      body,
    });
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'invalid_request' },
    });
  }
});

it('refuses a body of more than four kilobytes', async () => {
  await using app = await startTestApp();

  const answer = await app.send('POST', '/sessions', {
    body: { email: 'ada@example.com', password: 'x'.repeat(5000) },
  });

  expect(answer.status).toBe(413);
});

it('answers an unknown address and a wrong password alike', async () => {
  await using app = await startTestApp();
  const password = 'wrong horse battery';
  const wrong = await app.send('POST', '/sessions', {
    body: { email: 'ada@example.com', password },
  });

  const unknown = await app.send('POST', '/sessions', {
    body: { email: 'eve@example.com', password },
  });

  expect(unknown).toEqual(wrong);
  expect(unknown).toMatchObject({
    status: 401,
    body: { code: 'wrong_credentials' },
  });
});

it('refuses to register an address twice', async () => {
  await using app = await startTestApp();

  expect(await app.register()).toMatchObject({
    status: 409,
    body: { code: 'email_taken' },
  });
});

it('publishes the public half of its keys and nothing else', async () => {
  await using app = await startTestApp();
  const { kid, x, y } = app.signingKey;

  const { body } = await app.send('GET', '/.well-known/jwks.json');

  expect(body).toEqual({
    keys: [
      { kty: 'EC', crv: 'P-256', x, y, kid, alg: 'ES256', use: 'sig' },
    ],
  });
});

it('asks for a token where one is needed', async () => {
  await using app = await startTestApp();

  const answer = await app.send('GET', '/me');

  expect(answer).toMatchObject({
    status: 401,
    body: { code: 'invalid_token' },
  });
});
