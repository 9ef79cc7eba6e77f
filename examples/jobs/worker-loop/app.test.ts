import { startProgram } from '@touchstone/kit/programs/program';
import { createClient } from '@touchstone/kit/testing/client';
import { waitUntil } from '@touchstone/kit/time/wait';
import { expect, it } from 'vitest';
import { startTestSites } from './test-sites.ts';

const MAIN = new URL('main.ts', import.meta.url);

it('checks a site at once, and says how it is', async () => {
  await using test = await startTestSites();
  const environment = { DATABASE_URL: test.url, PORT: '0' };
  await using program = await startProgram(MAIN, environment);
  const send = createClient(program.url);
  const url = `${test.site}/fine`;

  expect((await send('POST', '/sites', { body: { url } })).status).toBe(
    204,
  );
  await waitUntil(
    'it has an answer',
    async () => (await test.answerOf('/fine')) === '204',
  );

  const { body } = await send<object[]>('GET', '/sites');
  expect(body).toMatchObject([{ url, answer: '204' }]);
  expect((await send('GET', '/health')).status).toBe(204);
  expect(await program.kill('SIGTERM')).toBe(0);
});

it('refuses what is not the URL of a site', async () => {
  await using test = await startTestSites();
  const environment = { DATABASE_URL: test.url, PORT: '0' };
  await using program = await startProgram(MAIN, environment);
  const send = createClient(program.url);
  const bodies = [{}, { url: 'file:///etc/passwd' }, { url: 7 }];

  for (const body of bodies)
    expect(await send('POST', '/sites', { body })).toMatchObject({
      status: 400,
      body: { code: 'invalid_request' },
    });
});
