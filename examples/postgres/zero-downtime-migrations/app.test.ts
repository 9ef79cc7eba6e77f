import { describe, expect, it } from 'vitest';
import type { VersionName } from './app-version.ts';
import { START } from './migration.ts';
import { startTestApp } from './test-app.ts';

type TestApp = Awaited<ReturnType<typeof startTestApp>>;

const STEPS = [
  '0001-expand-names',
  '0002-split-names',
  '0003-require-names',
  '0004-validate-names',
  '0005-names-not-null',
  '0006-index-family-names',
  '0007-restore-full-names',
];

describe('two versions', () => {
  it('run side by side after each step, up and down', async () => {
    await using app = await startTestApp();
    await app.moveTo('0001-expand-names');
    await app.run('old', 'new');

    for (const step of [...STEPS, ...STEPS.toReversed()]) {
      expect((await app.moveTo(step)).status).toBe(200);
      await expectOneTable(app);
    }

    await app.run('old');
    expect((await app.moveTo(START)).status).toBe(200);
    await expectNames(app, 'old', 1, { fullName: 'Ada King' });
  });

  it('read a row that the backfill has not reached', async () => {
    await using app = await startTestApp();
    await app.moveTo('0001-expand-names');
    await app.run('old', 'new');

    await expectNames(app, 'new', 7, {
      ...{ givenName: 'Given7', familyName: 'Family7' },
    });
    await expectNames(app, 'old', 7, { fullName: 'Given7 Family7' });
  });

  it('are the old one alone before, and the new one alone after', async () => {
    await using app = await startTestApp();
    expect((await app.find('new', 1)).body.code).toBe(
      'version_stopped',
    );
    await app.moveTo('0007-restore-full-names');
    await app.run('new');
    await app.moveTo('0008-contract-names');

    expect((await app.find('old', 1)).body.code).toBe(
      'version_stopped',
    );
    await expectNames(app, 'new', 1, {
      ...{ givenName: 'Given1', familyName: 'Family1' },
    });
  });
});

describe('the API', () => {
  it('answers a user who is not there, and input that is wrong', async () => {
    await using app = await startTestApp();

    const codes = [
      await app.find('old', 999_999),
      await app.rename('old', 999_999, { fullName: 'Ada' }),
      await app.find('old', 'one'),
      await app.create('old', { fullName: '  ' }),
      await app.create('old', { givenName: 'Ada' }),
      await app.send('PUT', '/versions', { running: [] }),
      await app.send('GET', '/nowhere'),
    ].map(({ status, body }) => `${status} ${body.code}`);

    expect(codes).toEqual([
      '404 no_such_user',
      '404 no_such_user',
      '400 invalid_request',
      '400 invalid_request',
      '400 invalid_request',
      '400 invalid_request',
      '404 not_found',
    ]);
  });
});

/** What one version writes, the other reads: new rows and old ones. */
async function expectOneTable(app: TestApp) {
  const grace = { givenName: 'Grace', familyName: 'Brewster Hopper' };
  const ada = { fullName: 'Ada King' };
  for (const id of [1, await createUser(app, 'old', ada)]) {
    await app.rename('new', id, grace);
    await expectNames(app, 'old', id, {
      fullName: 'Grace Brewster Hopper',
    });
    await app.rename('old', id, ada);
    await expectNames(app, 'new', id, {
      ...{ givenName: 'Ada', familyName: 'King' },
    });
  }
  const id = await createUser(app, 'new', grace);
  await expectNames(app, 'old', id, {
    fullName: 'Grace Brewster Hopper',
  });
}

async function createUser(
  app: TestApp,
  version: VersionName,
  user: object,
) {
  const { status, body } = await app.create(version, user);
  expect(status).toBe(201);
  return body.id ?? '';
}

async function expectNames(
  app: TestApp,
  version: VersionName,
  id: string | number,
  names: object,
) {
  expect(await app.find(version, id)).toEqual({
    status: 200,
    body: { id: `${id}`, ...names },
  });
}
