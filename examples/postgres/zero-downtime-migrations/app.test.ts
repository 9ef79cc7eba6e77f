import { expect, it } from 'vitest';
import { migrate } from './migrate.ts';
import { startTestApp } from './test-app.ts';

const STEPS = [
  '0001-expand-names',
  '0002-split-names',
  '0003-require-names',
  '0004-validate-names',
  '0005-index-family-names',
  '0006-restore-full-names',
];

it('serves both releases after each step, up and down', async () => {
  await using app = await startTestApp();
  for (const target of [...STEPS, ...STEPS.toReversed()]) {
    await app.moveTo(target);
    await expectOneTable(app);
  }
});

it('reads a row that the backfill has not reached', async () => {
  await using app = await startTestApp();
  await app.moveTo('0001-expand-names');

  const { body } = await app.send('GET', '/new/users/7');
  expect(body).toEqual({
    id: '7',
    givenName: 'Given7',
    familyName: 'Family7',
  });
});

it('migrates as a deployment does', async () => {
  await using app = await startTestApp();
  const { pool, log } = app;

  const done = await migrate({ pool, log, target: STEPS[5] ?? '' });

  expect(done).toEqual(STEPS);
});

it('answers a user who is not there, and input that is wrong', async () => {
  await using app = await startTestApp();
  const body = { fullName: 'Ada' };
  const answers = [
    await app.send('GET', '/old/users/999999'),
    await app.send('PUT', '/old/users/999999', { body }),
    await app.send('GET', '/old/users/one'),
    await app.send('POST', '/old/users', { body: { fullName: ' ' } }),
    await app.send('POST', '/new/users', { body }),
    await app.send('GET', '/nowhere'),
  ];

  expect(answers.map(({ status }) => status)).toEqual([
    404, 404, 400, 400, 400, 404,
  ]);
});

type TestApp = Awaited<ReturnType<typeof startTestApp>>;

/** What one release writes, the other reads: new rows and old ones. */
async function expectOneTable({ send }: TestApp) {
  const ada = { fullName: 'Ada King' };
  const grace = { givenName: 'Grace', familyName: 'Hopper' };
  const made = await send('POST', '/old/users', { body: ada });
  for (const id of ['1', made.body.id]) {
    await send('PUT', `/new/users/${id}`, { body: grace });
    const old = await send('GET', `/old/users/${id}`);
    expect(old.body).toEqual({ id, fullName: 'Grace Hopper' });
    await send('PUT', `/old/users/${id}`, { body: ada });
    const fresh = await send('GET', `/new/users/${id}`);
    expect(fresh.body).toEqual({
      id,
      givenName: 'Ada',
      familyName: 'King',
    });
  }
}
