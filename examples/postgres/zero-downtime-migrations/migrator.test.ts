import { waitUntil } from '@touchstone/kit/time/wait';
import { describe, expect, it } from 'vitest';
import { START } from './migration.ts';
import { createMigration, readStep } from './migration-files.ts';
import { createMigrator } from './migrator.ts';
import {
  ask,
  openReport,
  startTestApp,
  terminateWaiting,
} from './test-app.ts';

const NAMES = [
  '0001-expand-names',
  '0002-split-names',
  '0003-require-names',
  '0004-validate-names',
  '0005-names-not-null',
  '0006-index-family-names',
  '0007-restore-full-names',
  '0008-contract-names',
];

describe('a migrator', () => {
  it('moves up to the last migration and down to the start', async () => {
    await using app = await startTestApp({ running: [] });
    const before = await describeTable(app);

    expect(await app.migrator.moveTo()).toEqual(NAMES);
    expect(await describeTable(app)).toEqual([
      { column: 'created_at', required: true },
      { column: 'family_name', required: true },
      { column: 'given_name', required: true },
      { column: 'id', required: true },
    ]);

    expect(await app.migrator.moveTo(START)).toEqual(
      NAMES.toReversed(),
    );
    expect(await describeTable(app)).toEqual(
      before.map(({ column }) => ({
        column,
        required: column !== 'full_name',
      })),
    );
  });

  it('moves to any migration from any other, and stays where it is', async () => {
    await using app = await startTestApp({ running: [] });

    const moves = [];
    for (const target of [3, 3, 1, 5, 0])
      moves.push(await app.migrator.moveTo(NAMES[target]));

    expect(moves).toEqual([
      NAMES.slice(0, 4),
      [],
      [NAMES[3], NAMES[2]],
      NAMES.slice(2, 6),
      NAMES.slice(1, 6).toReversed(),
    ]);
  });

  it('refuses a target that is not there', async () => {
    await using app = await startTestApp();

    expect(await app.moveTo('0009-nothing')).toEqual({
      status: 409,
      body: {
        title: 'Conflict',
        status: 409,
        code: 'unknown',
        detail: 'There is no 0009-nothing',
      },
    });
  });

  it('leaves nothing of a migration that fails in the middle', async () => {
    await using app = await startTestApp();
    const migrator = await createOther(
      app,
      'alter table users add column a int; select 1 / 0',
    );

    await expect(migrator.moveTo()).rejects.toMatchObject({
      code: '22012',
    });

    const columns = await describeTable(app);
    expect(columns.map(({ column }) => column)).not.toContain('a');
    expect(await ask(app.pool, 'select count(*) from migrations')).toBe(
      '0',
    );
  });

  it('ends a statement that takes too long', async () => {
    await using app = await startTestApp();
    const migrator = await createOther(app, 'select pg_sleep(60)', {
      statementTimeoutMs: 20,
    });

    await expect(migrator.moveTo()).rejects.toMatchObject({
      code: '57014',
    });
  });

  it('gives up when it got no lock in all its attempts', async () => {
    await using app = await startTestApp({
      ...{ lockTimeoutMs: 10, attempts: 3 },
    });
    await using _report = await openReport(app.pool);

    const moved = app.migrator.moveTo();

    await expect(moved).rejects.toMatchObject({ code: '55P03' });
    expect(app.log.count('no lock in time, trying again')).toBe(2);
  });

  it('waits longer after each attempt, and never as long as another', async () => {
    const waits: number[] = [];
    await using app = await startTestApp({
      ...{ lockTimeoutMs: 1, attempts: 9, random: () => 0.5 },
      pause: async (milliseconds) => void waits.push(milliseconds),
    });
    await using _report = await openReport(app.pool);

    await expect(app.migrator.moveTo()).rejects.toThrow('lock timeout');

    expect(waits).toEqual(
      [400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000].map(
        (longest) => longest * 0.75,
      ),
    );
  });

  it('fails when its connection is lost, and frees the way for the next', async () => {
    await using app = await startTestApp({ lockTimeoutMs: 60_000 });
    await using report = await openReport(app.pool);
    const moved = app.migrator.moveTo('0001-expand-names');
    const failed = expect(moved).rejects.toMatchObject({
      code: '57P01', // what happened, not that the rollback failed too
    });

    await waitUntil('the migration waits, and is ended', () =>
      terminateWaiting(app.pool),
    );
    await failed;
    await report.end();

    expect(await app.migrator.moveTo('0001-expand-names')).toEqual([
      '0001-expand-names',
    ]);
  });
});

type TestApp = Awaited<ReturnType<typeof startTestApp>>;

async function createOther(
  { pool, log }: TestApp,
  sql: string,
  options = {},
) {
  const up = await readStep(sql);
  return createMigrator({
    ...{ pool, log, review: async () => [], ...options },
    migrations: [createMigration('0001-other', { up })],
  });
}

async function describeTable({ pool }: TestApp) {
  const { rows } = await pool.query<{
    column: string;
    required: boolean;
  }>(
    `select attname as column, attnotnull as required
     from pg_attribute
     where attrelid = 'users'::regclass
       and attnum > 0
       and not attisdropped
     order by attname`,
  );
  return rows;
}
