import { expect, it } from 'vitest';
import { startTestApp } from './test-app.ts';

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
