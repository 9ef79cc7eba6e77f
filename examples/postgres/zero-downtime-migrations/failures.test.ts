import { openDatabase } from '@touchstone/kit/postgres/database';
import { startReplica } from '@touchstone/kit/postgres/replica';
import { startPostgres } from '@touchstone/kit/postgres/server';
import { runProgram } from '@touchstone/kit/programs/program';
import { failure } from '@touchstone/kit/testing/failure';
import { waitUntil } from '@touchstone/kit/time/wait';
import pg, { type ClientBase, type Pool } from 'pg';
import { expect } from 'vitest';
import { lintMigrations } from './lint-migrations.ts';
import { START } from './migration.ts';
import { createMigration, readStep } from './migration-files.ts';
import { createMigrator } from './migrator.ts';
import { fillUsers } from './roll-out.ts';
import { createService } from './service.ts';
import {
  ask,
  begin,
  createTestLog,
  hasten,
  isWaiting,
  lockUser,
  openReport,
  SCHEMA,
  startTestApp,
  terminateWaiting,
} from './test-app.ts';

failure(
  'A long transaction holds the table that a migration alters',
  {
    symptom:
      'The migration gives way again and again, and the log has `no lock in time, trying again`; live queries wait `lockTimeoutMs` at most',
    defence: 'retry-for-the-lock',
    remains:
      'A table that is never free for a moment: the migration gives up after its attempts, and says so',
  },
  async () => {
    await using app = await startTestApp({
      ...{ lockTimeoutMs: 50, attempts: 10_000 },
    });
    await using report = await openReport(app.pool);

    const moved = app.moveTo('0001-expand-names');
    await waitUntil('the migration has given way three times', () => {
      return app.log.count('no lock in time, trying again') >= 3;
    });
    // It waits again and again all this time; so do these, never long.
    for (let id = 1; id <= 50; id++) {
      expect((await app.find('old', id)).status).toBe(200);
      const renamed = app.rename('old', id, { fullName: 'Ada King' });
      expect((await renamed).status).toBe(204);
    }
    await report.end();

    expect((await moved).body.done).toEqual(['0001-expand-names']);
    const { body } = await app.find('old', 1);
    expect(body.fullName).toBe('Ada King');
  },
);

failure(
  'A backfill is killed with SIGKILL in the middle',
  {
    symptom:
      'The next deployment goes on behind the last batch; no row is skipped, and none is locked again',
    defence: 'run-in-batches',
    remains:
      'Until then some rows have new names and some have not: the new version must bear both',
  },
  async () => {
    await using app = await startTestApp({ users: 3000, attempts: 1 });
    const { pool, databaseUrl } = app;
    await app.migrator.moveTo('0001-expand-names');
    await using row = await lockUser(pool, 2000);

    await runProgram(new URL('test-crash.ts', import.meta.url), {
      DATABASE_URL: databaseUrl,
    });
    await row.end();

    const last = Number(
      await ask(pool, 'select last_key from backfills'),
    );
    const split = () =>
      ask(pool, 'select count(given_name)::int from users');
    expect(last).toBeGreaterThan(0);
    expect(last).toBeLessThan(2000);
    expect(await split()).toBe(last); // rows and progress are one commit

    // Whoever began anew would now wait for this row, and fail.
    await using _done = await lockUser(pool, last);
    expect(await app.migrator.moveTo('0002-split-names')).toEqual([
      '0002-split-names',
    ]);
    expect(await split()).toBe(3000);
  },
);

failure(
  'A concurrent index is left invalid',
  {
    symptom:
      'The build fails and the deployment with it; the next one drops what is left and builds it anew',
    defence: 'rebuild-index',
    remains:
      'Until then the invalid index costs each write, and helps no query',
  },
  async () => {
    await using app = await startTestApp();
    const { pool, migrator } = app;
    await migrator.moveTo('0005-names-not-null');
    await using old = await beginOldSnapshot(pool);
    const moved = migrator.moveTo('0006-index-family-names');
    const failed = expect(moved).rejects.toMatchObject({
      code: '57P01',
    });

    // The build waits for the old transaction; nobody waits for it.
    await waitUntil('the build waits', () => isWaiting(pool));
    const created = await app.create('old', { fullName: 'Ada King' });
    expect(created.status).toBe(201);
    await terminateWaiting(pool);
    await failed;
    expect(await isValid(pool)).toBe(false);
    await old.end();

    await migrator.moveTo('0006-index-family-names');
    expect(await isValid(pool)).toBe(true);
  },
);

failure(
  'Two deployments migrate at once',
  {
    symptom:
      'One migrates; the other waits for its turn, finds nothing left to do, and goes on',
    defence: 'one-mover',
    remains:
      'PgBouncer in transaction mode breaks the lock: migrate past it, on a connection of your own',
  },
  async () => {
    await using app = await startTestApp({ running: [] });
    const { pool, log, migrations } = app;
    let turns = 0;
    const other = createMigrator({
      ...{ pool, log, migrations, review: async () => [] },
      pause: async () => {
        turns++;
        await hasten();
      },
    });

    const target = '0005-names-not-null';
    const both = await Promise.all([
      app.migrator.moveTo(target),
      other.moveTo(target),
    ]);
    expect(both.map((done) => done.length).toSorted()).toEqual([0, 5]);

    // The index waits for old snapshots: one who waited for the lock
    // inside Postgres would have one, and be in its way for ever.
    await using old = await beginOldSnapshot(pool);
    const first = app.migrator.moveTo('0006-index-family-names');
    await waitUntil('the build waits', () => isWaiting(pool));
    turns = 0;
    const second = other.moveTo('0006-index-family-names');
    await waitUntil('the second has asked in vain', () => turns > 3);
    await old.end();

    expect(await first).toEqual(['0006-index-family-names']);
    expect(await second).toEqual([]);
  },
);

failure(
  'A migration is edited after it was applied, or another slips in before it',
  {
    symptom: '409 `edited` or `out_of_order`; no statement is run',
    defence: 'check-history',
    remains:
      'An older release that migrates is refused too: take back with the newer one, then deploy it',
  },
  async () => {
    await using app = await startTestApp();
    const { pool, log, migrations } = app;
    await app.migrator.moveTo('0001-expand-names');
    const [expand, ...others] = migrations;
    const sql = `${expand?.up?.sql}\n-- better`;
    const up = { kind: 'transaction', sql, scans: false } as const;
    const edited = createMigration('0001-expand-names', { up });
    const slippedIn = createMigration('0000-earlier', { up });
    const move = (list: typeof migrations) =>
      createMigrator({
        ...{ pool, log, migrations: list, review: async () => [] },
      }).moveTo();

    await expect(move([edited, ...others])).rejects.toMatchObject({
      code: 'edited',
      message:
        '0001-expand-names was edited after it was applied: write a new one',
    });
    await expect(
      move([slippedIn, ...migrations]),
    ).rejects.toMatchObject({ code: 'out_of_order' });
    await expect(move([])).rejects.toMatchObject({
      code: 'out_of_order',
    });
    const applied = await ask(pool, 'select count(*) from migrations');
    expect(applied).toBe('1');
  },
);

failure(
  'The new version is rolled back after it wrote, even after the contract',
  {
    symptom:
      'The old version finds each name that the new one wrote, and the migrations go down as they went up',
    defence: 'keep-in-step',
    remains:
      'Below 0001, where a name was split is forgotten; and `full_name` comes back without its `not null`',
  },
  async () => {
    await using app = await startTestApp();
    await app.migrator.moveTo('0001-expand-names');
    await app.run('old', 'new');
    await app.moveTo('0007-restore-full-names');
    await app.rename('new', 1, {
      ...{ givenName: 'Ana Celia', familyName: 'de Armas' },
    });
    expect((await app.find('old', 1)).body.fullName).toBe(
      'Ana Celia de Armas',
    );

    await app.run('new');
    expect((await app.moveTo('0008-contract-names')).status).toBe(200);
    const king = { givenName: 'Ada', familyName: 'King' };
    const { body } = await app.create('new', king);
    await app.rename('new', 2, { givenName: 'Cher', familyName: '' });

    await app.moveTo('0006-index-family-names');
    await app.run('old');
    const readOld = async (id: string | number) =>
      (await app.find('old', id)).body.fullName;
    expect(await readOld(body.id ?? '')).toBe('Ada King');
    expect(await readOld(1)).toBe('Ana Celia de Armas');
    expect(await readOld(2)).toBe('Cher');
    expect(await readOld(3)).toBe('Given3 Family3');

    expect((await app.moveTo(START)).status).toBe(200);
    expect(await readOld(body.id ?? '')).toBe('Ada King');
    const lost =
      'select count(*)::int from users where full_name is null';
    expect(await ask(app.pool, lost)).toBe(0);
  },
);

failure(
  'A replica lags behind a backfill, or live requests get slow',
  {
    symptom:
      'The log has `backfill stands still` and the reason; it goes on by itself',
    defence: 'wait-for-brakes',
    remains:
      'A migration that holds no backfill does not look: its statements are short',
  },
  async () => {
    await using primary = await startPostgres();
    await using database = await openDatabase({
      ...{ url: primary.url, schema: SCHEMA, dataFolder: SCHEMA },
    });
    const { pool } = database;
    await fillUsers(pool, 500);
    await using replica = await startReplica(primary);
    const log = createTestLog();
    const { migrator, latency } = await createService({
      ...{ pool, log, running: ['old'], pause: hasten },
      ...{ maxP99Ms: 100, maxLagBytes: 20_000, now: () => 0 },
    });
    await askServer(replica.url, 'select pg_wal_replay_pause()');
    await pool.query('update users set full_name = full_name');

    const moved = migrator.moveTo('0002-split-names');
    await waitUntil('the replica stops it', () =>
      log.told(/replica: \d+ bytes behind/, 3),
    );
    const begun = 'select count(last_key)::int from backfills';
    expect(await ask(pool, begun)).toBe(0);
    for (let n = 0; n < 500; n++) latency.add(1000);
    await askServer(replica.url, 'select pg_wal_replay_resume()');
    await waitUntil('slow requests stop it', () =>
      log.told(/99th percentile of 1000 ms/, 3),
    );
    expect(await ask(pool, begun)).toBe(0);
    for (let n = 0; n < 500; n++) latency.add(1);

    await moved;
    await waitUntil('the replica has all', async () => {
      const split = 'select count(given_name)::int from users';
      return (await askServer(replica.url, split)) === 500;
    });
  },
);

failure(
  'A column becomes not null on a table of millions',
  {
    symptom:
      'Reads and writes go on while its rows are checked; `set not null` itself reads none of them',
    defence: 'names-not-null',
    remains:
      'A row that is still null: the validation fails, and nothing has changed',
  },
  async () => {
    await using app = await startTestApp({ running: ['old', 'new'] });
    const { pool, migrator, migrations } = app;
    await migrator.moveTo('0003-require-names');

    // Held as it is while it reads a table of millions.
    const [, , , validate, notNull] = migrations;
    await using check = await begin(pool, `${validate?.up?.sql}`);
    const { body } = await app.create('new', {
      ...{ givenName: 'Ada', familyName: 'King' },
    });
    const id = body.id ?? '';
    expect((await app.find('old', id)).body.fullName).toBe('Ada King');
    const grace = { fullName: 'Grace Hopper' };
    expect((await app.rename('old', id, grace)).status).toBe(204);
    await check.end();

    await migrator.moveTo('0004-validate-names');
    const setNotNull = `${notNull?.up?.sql}`;
    expect(await readDebug(pool, setNotNull)).toEqual(
      ['given_name', 'family_name'].map(
        (name) =>
          `existing constraints on column "users.${name}" are sufficient to prove that it does not contain nulls`,
      ),
    );

    // Without the check it would, and nobody could read meanwhile.
    const without = 'alter table users drop constraint names_present;';
    expect(await readDebug(pool, `${without} ${setNotNull}`)).toEqual([
      'verifying table "users"',
    ]);
    await migrator.moveTo('0005-names-not-null');
    const [finding] = await lintMigrations(
      migrations.filter(({ name }) => !name.startsWith('0004')),
    );
    expect(finding).toMatchObject({
      ...{
        migration: '0005-names-not-null',
        rule: 'unproven-not-null',
      },
    });
  },
);

failure(
  'A trigger fires twice for one write',
  {
    symptom:
      'Nothing: an upsert, or the same trigger under two names, leaves the names as after one',
    defence: 'keep-in-step',
    remains:
      'Blanks at the end of a full name are cut off; who writes both forms at once gets the new one',
  },
  async () => {
    await using app = await startTestApp({ running: ['old', 'new'] });
    const { pool } = app;
    await app.migrator.moveTo('0005-names-not-null');

    async function upsertEach() {
      // An existing row fires it for the insert, then for the update.
      for (const id of [1, 1, 5000, 5000]) {
        await upsertOld(pool, id, 'Ada  King');
        expect(await readNames(pool, id)).toEqual([
          ...['Ada  King', 'Ada', ' King'],
        ]);
        await upsertNew(pool, id, 'Ana Celia', 'de Armas');
        expect(await readNames(pool, id)).toEqual([
          ...['Ana Celia de Armas', 'Ana Celia', 'de Armas'],
        ]);
        await upsertOld(pool, id, 'Cher');
        expect(await readNames(pool, id)).toEqual(['Cher', 'Cher', '']);
      }
      await pool.query('delete from users where id = 5000');
    }
    await upsertEach();
    await pool.query(
      `create trigger names_in_step_again
       before insert or update on users
       for each row execute function keep_names_in_step()`,
    );
    await upsertEach();

    await using once = await begin(pool, 'select from users');
    const before = await countUpdates(once.client);
    await once.client.query(
      `update users set full_name = 'Ada' where id = 1`,
    );
    // It does not update in its turn, so it cannot recurse.
    expect(await countUpdates(once.client)).toBe(before + 1);
  },
);

failure(
  'A migration would stop live queries, or break the version that runs',
  {
    symptom:
      '409 `refused`, with the line, the rule and what to do instead; no statement is run',
    defence: 'judges',
    remains:
      'It reads SQL, not sizes: `-- allow <rule>: <reason>` lets through what is harmless on a small table',
  },
  async () => {
    await using app = await startTestApp();
    await app.migrator.moveTo('0001-expand-names');
    await app.run('old', 'new');
    await app.moveTo('0007-restore-full-names');

    const contract = await app.moveTo('0008-contract-names');
    expect(contract).toEqual({
      status: 409,
      body: {
        title: 'Conflict',
        status: 409,
        code: 'refused',
        detail:
          '0008-contract-names.up, line 4: column-in-use, wait until no version that runs reads it',
      },
    });
    expect((await app.find('old', 1)).status).toBe(200);
    expect((await app.moveTo(START)).body.code).toBe('refused');

    for (const [sql, rule] of BLOCKING)
      expect([sql, await lintOne(sql)]).toEqual([sql, [rule]]);

    await app.run('new');
    expect((await app.moveTo('0008-contract-names')).status).toBe(200);
    expect((await app.find('new', 1)).status).toBe(200);
  },
);

/** Each would hold a lock for as long as the table is large, or break whoever reads it. */
const BLOCKING = [
  [
    'alter table users add column token uuid default gen_random_uuid()',
    'rewriting-column',
  ],
  [
    'alter table users alter column name set not null',
    'unproven-not-null',
  ],
  [
    'alter table users add constraint c check (age > 0)',
    'validating-constraint',
  ],
  ['create index on users (name)', 'blocking-index'],
  ['alter table users alter column id type numeric', 'type-change'],
  ['alter table users rename column name to title', 'rename'],
  ['alter table users rename to people', 'rename'],
  ['alter table users drop column full_name', 'column-in-use'],
  ['lock table users', 'lock-table'],
  [
    'alter table users add column a int; alter table orders add column b int',
    'second-lock',
  ],
] as const;

async function lintOne(sql: string) {
  const up = await readStep(sql);
  const migrations = [createMigration('0001-one', { up })];
  const inUse = ['users.full_name'];
  const findings = await lintMigrations(migrations, { inUse });
  return findings.map(({ rule }) => rule);
}

async function countUpdates(client: ClientBase): Promise<number> {
  const { rows } = await client.query<{ updates: number }>(
    `select n_tup_upd::int as updates
     from pg_stat_xact_user_tables
     where relname = 'users'`,
  );
  return rows[0]?.updates ?? 0;
}

function upsertOld(pool: Pool, id: number, fullName: string) {
  return pool.query(
    `insert into users (id, full_name)
     overriding system value
     values ($1, $2)
     on conflict (id) do update
     set full_name = excluded.full_name`,
    [id, fullName],
  );
}

function upsertNew(
  pool: Pool,
  id: number,
  givenName: string,
  familyName: string,
) {
  return pool.query(
    `insert into users (id, given_name, family_name)
     overriding system value
     values ($1, $2, $3)
     on conflict (id) do update
     set given_name = excluded.given_name,
         family_name = excluded.family_name`,
    [id, givenName, familyName],
  );
}

function readNames(pool: Pool, id: number) {
  return ask<string[]>(
    pool,
    `select array[full_name, given_name, family_name]
     from users
     where id = ${id}`,
  );
}

/** What Postgres says of its own work while it runs statements that are then rolled back. */
async function readDebug(pool: Pool, sql: string) {
  await using transaction = await begin(
    pool,
    'set local client_min_messages = debug1',
  );
  const messages: string[] = [];
  const { client } = transaction;
  client.on('notice', ({ message }) => messages.push(`${message}`));
  await client.query(sql);
  return messages.filter((text) => /existing|verifying/.test(text));
}

async function askServer(url: string, text: string) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query({ text, rowMode: 'array' });
  await client.end();
  return rows[0]?.[0];
}

/** Sees the table as it is now for as long as it is open. */
function beginOldSnapshot(pool: Pool) {
  const level = 'set transaction isolation level repeatable read';
  return begin(pool, `${level}; select from users`);
}

async function isValid(pool: Pool) {
  return await ask<boolean>(
    pool,
    `select indisvalid
     from pg_index
     where indexrelid = 'users_by_family_name'::regclass`,
  );
}
