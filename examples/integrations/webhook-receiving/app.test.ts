import { listen } from '@touchstone/kit/app/http';
import { runProgram } from '@touchstone/kit/programs/program';
import { createClient } from '@touchstone/kit/testing/client';
import { createTestLog } from '@touchstone/kit/testing/log';
import { waitUntil } from '@touchstone/kit/time/wait';
import { expect, it } from 'vitest';
import { createSecrets, createSigningSecret } from './secrets.ts';
import { readSettings } from './settings.ts';
import { startPayments } from './start-payments.ts';
import { startTestApp } from './test-app.ts';
import { openTestDatabase } from './test-database.ts';
import { createSender, writePaid } from './test-sender.ts';

const MAIN = new URL('main.ts', import.meta.url);

it('knows no sender except those that it has a verifier for', async () => {
  await using app = await startTestApp();

  for (const source of ['github', 'constructor', '__proto__'])
    expect(await app.post(source, {}, '{}')).toMatchObject({
      status: 404,
      body: { code: 'unknown_sender' },
    });
});

it('answers at once, processes a moment later, and is healthy', async () => {
  await using database = await openTestDatabase();
  const log = createTestLog();
  const environment = createSecrets();
  const secrets = readSettings({ ...environment });
  const payments = startPayments({
    connectionString: database.url,
    secrets,
    log,
  });
  await using server = await listen(payments.app);
  const sender = createSender(server.url);
  const signing = {
    id: 'msg_1',
    at: new Date(),
    secrets: secrets.acme,
  };

  const answer = await sender.sendStandard(writePaid('ada'), signing);

  expect(answer.status).toBe(202);
  await waitUntil(
    'it counts',
    async () => (await sender.readCredit('ada')) === 1000,
  );
  await payments.check();
  await payments.stop();
  expect(log.entries).toEqual([]);
});

it('refuses an account that has no name', async () => {
  await using app = await startTestApp();
  const send = createClient(app.url);

  expect(
    await send('GET', `/accounts/${'x'.repeat(256)}`),
  ).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
});

it('does not start without secrets, or with one that is published or weak', async () => {
  const right = createSecrets();
  const old = createSigningSecret();
  const published = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const read = (change: Record<string, string | undefined>) =>
    readSettings({ ...right, ...change });

  expect(() => read({ ACME_SECRETS: undefined })).toThrow(
    'ACME_SECRETS: is not set; set the one that the sender shows',
  );
  expect(() => read({ STRIPE_SECRETS: '' })).toThrow('is empty');
  const both = `${old},${published}`;
  expect(() => read({ ACME_SECRETS: both })).toThrow('is published');
  const rotated = { ACME_SECRETS: `${right.ACME_SECRETS},${old}` };
  expect(read(rotated).acme).toEqual([right.ACME_SECRETS, old]);

  await using database = await openTestDatabase();
  const { code, errors } = await runProgram(MAIN, {
    ...right,
    ACME_SECRETS: `${old},tiger`,
    DATABASE_URL: database.url,
  });
  expect(code).toBe(1);
  expect(errors).toContain('A signing secret is missing or too weak');
  expect(errors).not.toContain('tiger');
});
