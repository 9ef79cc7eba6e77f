import { freshDatabase } from '@touchstone/kit/postgres/database';
import { runProgram } from '@touchstone/kit/programs/program';
import { createTestLog } from '@touchstone/kit/testing/log';
import { waitUntil } from '@touchstone/kit/time/wait';
import { expect, it } from 'vitest';
import { startTrials } from './start-trials.ts';
import { createTrialClient, sendUsers } from './test-client.ts';
import { startFaulty } from './test-faults.ts';
import { SCHEMA, startTestTrials } from './test-trials.ts';
import { createTestFolder, FLOWER } from './test-versions.ts';
import { trainVersion, writeVersion } from './train-version.ts';

const refused = (status: number, code: string) => ({
  status,
  body: { code },
});

it('gives no id, and writes nothing, while no trial runs', async () => {
  await using trials = await startTestTrials();

  const { status, body } = await trials.predict('eve', FLOWER.features);
  await trials.settle();

  expect({ status, body }).toEqual({
    status: 201,
    body: {
      version: '1',
      label: FLOWER.truth,
      probabilities: expect.any(Object),
    },
  });
  const { rowCount } = await trials.pool.query('table trial_users');
  expect(rowCount).toBe(0);
});

it('asks a shadow beside the live version, and tells no user', async () => {
  await using trials = await startTestTrials();
  await trials.change({ to: 'shadow', candidate: 'bad' });

  const answers = await sendUsers(trials, { to: 40 });

  for (const { version } of answers) expect(version).toBe('1');
  await waitUntil('the shadow has answered', async () => {
    await trials.settle();
    return (await trials.look()).shadow?.users === 40;
  });
  const look = await trials.look();
  expect(look).toMatchObject({
    shadow: { failed: 0, told: 40 },
    users: [],
    verdict: 'open',
  });
  expect(look.shadow?.differing).toBeGreaterThan(0);
  expect(look.shadow?.wrong).toBeGreaterThan(0);
});

it('counts a user once, with the arm and the share at which they came', async () => {
  await using trials = await startTestTrials();
  const silent = () => true;
  await trials.startCanary('2', 0.1);
  const early = await sendUsers(trials, { to: 20, silent });
  await trials.change({ to: 'canary', share: 0.5 });
  const late = await sendUsers(trials, { to: 40, silent });
  await trials.settle();

  const inCanary = (answers: typeof early) =>
    answers.filter(({ version }) => version === '2').length;
  expect((await trials.look()).users).toEqual([
    { share: 0.1, total: 20, canary: inCanary(early) },
    { share: 0.5, total: 20, canary: inCanary(late.slice(20)) },
  ]);
});

it('lets only the operator tell outcomes, change and look', async () => {
  await using trials = await startTestTrials();
  const stranger = createTrialClient(trials.url);

  for (const authorization of ['', 'Basic YTpi', 'Bearer x'])
    for (const path of ['/outcomes', '/changes', '/trial'])
      expect(
        await stranger.send('POST', path, {
          body: {},
          headers: { authorization },
        }),
      ).toMatchObject(refused(401, 'no_operator'));
});

it('refuses a body that is not what the route asks for', async () => {
  await using trials = await startTestTrials();
  const change = { reason: 'a try' };
  const wrong: [string, object][] = [
    ['/predictions', { user: 'a b', flower: FLOWER.features }],
    ['/predictions', { user: 'eve', flower: [1, 2, 3, 4] }],
    ['/outcomes', { prediction: '7', truth: 'setosa' }],
    [
      '/changes',
      { ...change, command: { to: 'canary', trial: 1, share: 0.6 } },
    ],
    ['/changes', { ...change, command: { to: 'nowhere' } }],
  ];

  for (const [path, body] of wrong)
    expect(await trials.send('POST', path, { body })).toMatchObject(
      refused(400, 'invalid_request'),
    );
});

it('refuses a candidate that this server does not serve, and one that was a canary', async () => {
  await using trials = await startTestTrials();
  const missing = { to: 'shadow', candidate: '9' };
  expect(await trials.change(missing)).toMatchObject(
    refused(409, 'version_missing'),
  );

  await trials.startCanary('2', 0.1);
  expect(
    await trials.change({ to: 'canary', share: 0.2 }),
  ).toMatchObject({ status: 201 });
  await trials.change({ to: 'rollback' });

  expect(await trials.startCanary('2', 0.1)).toMatchObject(
    refused(409, 'change_refused'),
  );
});

it('answers by the live version where the candidate is not served, and counts no user there', async () => {
  await using trials = await startTestTrials();
  await trials.startCanary('2', 0.5);
  await using one = await startFaulty('1');
  const other = await trials.startServer({
    findVersion: (version) =>
      version === '1' ? one.predict : undefined,
  });
  const empty = await trials.startServer({
    findVersion: () => undefined,
  });

  const answers = await sendUsers(other, {
    to: 20,
    flower: FLOWER,
    silent: () => true,
  });
  await other.settle();

  for (const body of answers)
    expect(body).toMatchObject({
      version: '1',
      label: expect.any(String),
    });
  expect((await trials.look()).users).toEqual([]);
  expect(await empty.predict('eve', FLOWER.features)).toMatchObject(
    refused(503, 'version_missing'),
  );
});

it('follows and judges by itself', async () => {
  await using trials = await startTestTrials();
  const other = await trials.startServer({ followMs: 20 });
  await trials.startCanary('bad', 0.5);
  await waitUntil('the other server has it', async () => {
    const { body } = await other.predict('eve', FLOWER.features);
    return body.id !== undefined;
  });

  await sendUsers(other, {
    to: 400,
    stop: async () => (await trials.look()).trial === null,
  });

  await waitUntil('it is rolled back', async () => {
    return (await trials.look()).trial === null;
  });
});

it('serves each version of a folder, and goes on where it was after a restart', async () => {
  await using database = await freshDatabase({ schema: SCHEMA });
  await using files = await createTestFolder();
  for (const version of ['1', '2'])
    await writeVersion(files.folder, await trainVersion(version));
  const { pool } = database;
  const options = { pool, folder: files.folder, deadlineMs: 60_000 };
  const start = () => startTrials({ ...options, log: createTestLog() });
  const request = {
    user: 'eve',
    body: FLOWER.features,
    signal: new AbortController().signal,
  };

  const before = await start();
  const by = { changedBy: 'ada', reason: 'a try' };
  const command = { to: 'shadow', candidate: '2' } as const;
  await before.change({ command, ...by });
  const { version } = await before.predict(request);
  await before.stop();
  const after = await start();
  const look = await after.look();
  await after.stop();

  expect(version).toBe('1');
  expect(look).toMatchObject({
    live: '1',
    trial: { candidate: '2', share: 0 },
  });
});

it('does not start without the token of the operator', async () => {
  await using database = await freshDatabase({ schema: SCHEMA });
  const main = new URL('main.ts', import.meta.url);

  const { code, errors } = await runProgram(main, {
    DATABASE_URL: database.url,
    OPERATOR_TOKEN: 'tiger',
  });

  expect(code).toBe(1);
  expect(errors).toContain('OPERATOR_TOKEN: is too short');
});
