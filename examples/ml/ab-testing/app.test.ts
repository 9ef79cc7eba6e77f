import { createModelFolder } from '@touchstone/kit/models/iris-files';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { runProgram } from '@touchstone/kit/programs/program';
import { createTestLog } from '@touchstone/kit/testing/log';
import { expect, it } from 'vitest';
import { startTrials } from './start-trials.ts';
import { createTrialClient } from './test-client.ts';
import { SCHEMA, startTestTrials } from './test-trials.ts';
import { FLOWER } from './test-versions.ts';
import { trainVersion, writeVersion } from './train-version.ts';

const refused = (status: number, code: string) => ({
  status,
  body: { code },
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

it('serves each version of a folder, and goes on where it was after a restart', async () => {
  await using database = await freshDatabase({ schema: SCHEMA });
  await using files = await createModelFolder();
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
