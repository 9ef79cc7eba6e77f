import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { pathToFileURL } from 'node:url';
import {
  openDatabase,
  openPool,
} from '@touchstone/kit/postgres/database';
import {
  terminateWaiting,
  untilWaiting,
} from '@touchstone/kit/postgres/locks';
import { startReplica } from '@touchstone/kit/postgres/replica';
import { startPostgres } from '@touchstone/kit/postgres/server';
import { runProgram } from '@touchstone/kit/programs/program';
import { failure } from '@touchstone/kit/testing/failure';
import { waitUntil } from '@touchstone/kit/time/wait';
import pg, { type Pool } from 'pg';
import { expect, onTestFinished, test, vi } from 'vitest';
import { fillUsers } from './fill-users.ts';
import { lintMigrations } from './lint-migrations.ts';
import {
  createMigration,
  readMigrations,
  START,
  type Step,
} from './migration-files.ts';
import { createMigrator } from './migrator.ts';
import {
  createMigrationLog,
  FOLDER,
  hasten,
  SCHEMA,
  startTestApp,
} from './test-app.ts';
import {
  ask,
  begin,
  beginOldSnapshot,
  openReport,
} from './test-sessions.ts';
import { waitForReplicas } from './wait-for-replicas.ts';

const EXPAND = '0001-expand-names';
const BLOCKED = 'no lock in time, trying again';
const BEHIND = 'a replica is behind';

failure(
  'A long transaction holds the table that a migration alters',
  {
    symptom:
      'The log has `no lock in time, trying again`; a live query waits `lockTimeoutMs` for each attempt, not for the report',
    defence: 'retry-for-the-lock',
    remains:
      'If the table is never free, the migration fails after its attempts',
  },
  async () => {
    const waits: number[] = [];
    await using app = await startTestApp({
      pause: (milliseconds) => {
        waits.push(milliseconds);
        return hasten(milliseconds);
      },
    });
    await using report = await openReport(app.pool);
    const hasty = app.createMigrator({ lockTimeoutMs: 1 });
    await expect(hasty.moveTo()).rejects.toMatchObject({
      code: '55P03',
    });
    const longest = [400, 800, 1600, 3200, 6400];
    longest.push(...Array(24).fill(10_000));
    expect(waits.length).toBe(longest.length);
    for (const [nth, most] of longest.entries()) {
      expect(waits[nth]).toBeGreaterThanOrEqual(most / 2);
      expect(waits[nth]).toBeLessThanOrEqual(most);
    }
    expect(new Set(waits).size).toBe(longest.length);

    let isHeld = true;
    let tries = 0;
    const patient = app.createMigrator({
      lockTimeoutMs: 50,
      pause: async (milliseconds) => {
        tries += 1;
        await hasten(milliseconds);
        if (tries === 3)
          await waitUntil('the report ends', () => !isHeld);
      },
    });
    const moved = patient.moveTo(EXPAND);
    await waitUntil('it asks for its lock', () => tries > 0);
    for (let id = 1; id <= 20; id += 1) {
      const { status } = await app.send('GET', `/old/users/${id}`);
      expect(status).toBe(200);
    }
    await waitUntil('it has given way', () => tries === 3);
    isHeld = false;
    await report.end();
    expect(await moved).toEqual([EXPAND]);
    expect(await readLimits(app)).toEqual(['200ms', '10s']);
  },
);

test('A deadlock is tried again, as a lock that did not come', async () => {
  await using app = await startTestApp();
  const migrator = createOne(
    app,
    `do $$ begin
         if nextval('tries') = 1 then
           raise exception 'deadlock' using errcode = '40P01';
         end if;
       end $$`,
  );
  await app.pool.query('create sequence tries');

  expect(await migrator.moveTo()).toEqual(['0001-one']);
  expect(app.log.count(BLOCKED, /"attempt":1,/)).toBe(1);
});

test('The wait for a lock is random, so that two that met do not meet again', async () => {
  await using app = await startTestApp();
  const deadlock = `do $$ begin
      raise exception 'deadlock' using errcode = '40P01';
    end $$`;
  for (const [random, waitMs] of [
    [0, 200],
    [1, 400],
  ] as const) {
    const chance = vi.spyOn(Math, 'random').mockReturnValue(random);
    const moved = createOne(app, deadlock).moveTo();
    await expect(moved).rejects.toMatchObject({ code: '40P01' });
    chance.mockRestore();
    const first = new RegExp(`"attempt":1,"waitMs":${waitMs}\\b`);
    expect(app.log.count(BLOCKED, first)).toBe(1);
  }
});

failure(
  'A backfill is killed with SIGKILL in the middle',
  {
    symptom:
      'The next deployment resumes after the last batch. If another step ran before it, up or down, the backfill begins at its first row: none is skipped',
    defence: 'run-in-batches',
    remains:
      'Until then some rows have new names and some have not: the new release must accept both, and a batch may run twice',
  },
  async () => {
    await using app = await startTestApp({
      users: 3000,
      lockTimeoutMs: 10,
    });
    const { pool, databaseUrl } = app;
    await app.moveTo(EXPAND);
    const lock = (id: number) =>
      begin(pool, `select from users where id = ${id} for update`);
    await using row = await lock(2000);
    await runProgram(new URL('test-crash.ts', import.meta.url), {
      DATABASE_URL: databaseUrl,
    });
    await row.end();

    const progress = await ask<string>(
      pool,
      'select last_key from backfills',
    );
    const last = Number(progress);
    const split = 'select count(given_name)::int from users';
    expect(last).toBeGreaterThan(0);
    expect(last).toBeLessThan(2000);
    expect(await ask(pool, split)).toBe(last); // one commit

    // A backfill that began at the first row would fail on this one.
    await using _done = await lock(last);
    const target = '0002-split-names';
    expect(await app.moveTo(target)).toEqual([target]);
    expect(await ask(pool, split)).toBe(3000);
    const left = 'select count(*)::int from backfills';
    expect(await ask(pool, left)).toBe(0);
  },
);

test('A batch takes longer than its time limit', async () => {
  const pauses: number[] = [];
  await using app = await startTestApp({
    users: 40,
    pause: (milliseconds) => {
      pauses.push(milliseconds);
      return hasten(milliseconds);
    },
  });
  const { pool } = app;
  // 100 rows are too many for it, and 5 are not.
  const migrator = createOne(app, slowBatch, {
    kind: 'backfill',
    timeLimitMs: 2000,
  });

  await migrator.moveTo();

  expect(app.log.count('the batch took too long')).toBe(1);
  expect(pauses[0]).toBeGreaterThan(1900);
  expect(pauses[0]).toBeLessThan(8000);
  const created = `select count(*)::int from users where created_at < 'yesterday'`;
  expect(await ask(pool, created)).toBe(40);
  const commits = await ask<number>(
    pool,
    'select count(distinct xmin::text)::int from users',
  );
  expect(commits).toBeGreaterThan(3);
  // The one that took too long, and the last, which was empty.
  const blocked = app.log.count(BLOCKED);
  expect(pauses.length - blocked).toBe(commits + 2);

  const never = createOne(
    app,
    'select pg_sleep(60), $1::text, $2::int',
    {
      kind: 'backfill',
      timeLimitMs: 50,
    },
  );
  await pool.query('delete from migrations');
  await expect(never.moveTo()).rejects.toMatchObject({
    code: 'timed_out',
  });
});

test('A backfill rests as long as its batch worked, not as long as it waited for locks', async () => {
  const rests: { milliseconds: number; at: number }[] = [];
  await using app = await startTestApp({
    pause: (milliseconds) => {
      rests.push({ milliseconds, at: performance.now() });
      return hasten(milliseconds);
    },
  });
  const { pool } = app;
  const done = 'select null as last where $1::text is null and $2 > 0';
  const rest = async (options: OneOptions, end: () => unknown) => {
    await using held = await begin(pool, 'lock table backfills');
    const began = performance.now();
    const moved = createOne(app, done, {
      kind: 'backfill',
      ...options,
    }).moveTo();
    await untilWaiting(pool);
    const waited = performance.now();
    await end();
    await held.end();
    await moved;
    const [first] = rests.splice(0);
    await pool.query('delete from migrations');
    const { milliseconds = 0, at = 0 } = first ?? {};
    return { milliseconds, at, began, waited };
  };

  const patient = { lockTimeoutMs: 60_000, timeLimitMs: 60_000 };
  const waiting = await rest(patient, () => {});
  expect(waiting.milliseconds).toBeLessThanOrEqual(
    waiting.at - waiting.waited,
  );
  // What never got its lock worked all the time.
  const hasty = { lockTimeoutMs: 60_000, timeLimitMs: 300 };
  const cut = await rest(hasty, () =>
    waitUntil('it is cut off', () => rests.length > 0),
  );
  expect(cut.milliseconds).toBeGreaterThan(200);
  expect(cut.milliseconds).toBeLessThanOrEqual(cut.at - cut.began);
});

/** Sleeps when it may take more than ten rows. */
const slowBatch = `
  with batch as (
    select id
    from users
    where id > coalesce($1::bigint, 0)
    order by id
    limit $2
    for no key update
  ), touched as (
    update users
    set created_at = '2020-01-01'
    from batch
    where users.id = batch.id
  )
  select max(id)::text as last,
         case when $2::int > 10 then pg_sleep(60) else pg_sleep(0.1) end
  from batch`;

test('Batches grow while they are quick, to ten thousand rows', async () => {
  await using app = await startTestApp();
  await app.pool.query('create table sizes (n int)');
  const migrator = createOne(
    app,
    `with noted as (insert into sizes values ($2::int))
     select nullif(coalesce($1::int, 0) + 1, 41)::text as last`,
    { kind: 'backfill' },
  );

  await migrator.moveTo();

  const sizes = await ask<number[]>(
    app.pool,
    'select array_agg(n) from sizes',
  );
  expect(sizes.length).toBe(41);
  expect(sizes[0]).toBe(100);
  for (const [nth, size] of sizes.entries())
    expect(size).toBeLessThanOrEqual(2 * (sizes[nth - 1] ?? 50));
  expect(Math.max(...sizes)).toBe(10_000);
});

test('A backfill makes no progress', async () => {
  await using app = await startTestApp();
  const bad = [
    `select '1' as last where $1::text is null or $2 > 0`,
    `select '2' as last_key where $1::text is null or $2 > 0`,
    `select 2 as last where $1::text is null or $2 > 0`,
    `select '3' as last where $1::text is null and $2 < 0`,
    `select $2 || 'k' as last from users where $1::text is null`,
  ];
  for (const [index, sql] of bad.entries()) {
    const migrator = createOne(app, sql, { kind: 'backfill' });
    await expect(migrator.moveTo(), sql).rejects.toMatchObject({
      code: 'bad_batch',
      message: expect.stringMatching(/^0001-one\.up: a batch returns/),
    });
    // Of a batch that is not valid, nothing is kept: the first was valid once.
    const { rowCount } = await app.pool.query('delete from backfills');
    expect(rowCount, sql).toBe(index === 0 ? 1 : 0);
  }
  expect(app.log.count('the batch took too long')).toBe(0);
  expect(
    await ask(app.pool, 'select count(*)::int from migrations'),
  ).toBe(0);
});

test('A backfill that is done and not recorded goes on at its end, and changes no progress but its own', async () => {
  await using app = await startTestApp();
  const { pool } = app;
  const sql = `with batch as (
      select id
      from users
      where $1::bigint is null or id > $1
      order by id
      limit $2
    )
    select max(id)::text as last
    from batch`;
  const { checksum } = createBackfill(sql);
  await pool.query(
    `insert into backfills (name, checksum)
     values ('0001-one.up', 'another'), ('another', $1)`,
    [checksum],
  );
  await pool.query(
    'alter table migrations add constraint closed check (name is null)',
  );
  const migrator = app.createMigrator({
    migrations: [createBackfill(sql)],
  });

  await expect(migrator.moveTo()).rejects.toThrow('closed');
  const keys =
    'select array_agg(last_key order by last_key) from backfills';
  expect(await ask(pool, keys)).toEqual(['250', null, null]);
});

test('The tables refuse a migration twice, or without its checksum', async () => {
  await using app = await startTestApp();
  await app.moveTo(EXPAND);
  const again = 'insert into migrations select * from migrations';
  await expect(app.pool.query(again)).rejects.toMatchObject({
    code: '23505',
  });
  await expect(
    app.pool.query('update migrations set checksum = null'),
  ).rejects.toMatchObject({ code: '23502' });
  await expect(
    app.pool.query('update migrations set applied_at = null'),
  ).rejects.toMatchObject({ code: '23502' });
  const { rows } = await app.pool.query(
    `select applied_at between now() - interval '1 h' and now() as is_now
     from migrations`,
  );
  expect(rows).toEqual([{ is_now: true }]);
});

test('A deployment is taken back in the middle of a backfill, and comes again', async () => {
  await using app = await startTestApp();
  const { pool, moveTo, releases } = app;
  const count = (column: string) =>
    ask(pool, `select count(${column})::int from users`);

  await moveTo(EXPAND);
  await stopIn(app, { target: '0002-split-names' });
  await releases.stop('new');
  expect(await moveTo(START)).toEqual([EXPAND]);
  await moveTo('0002-split-names');
  expect(await count('given_name')).toBe(250);

  await releases.stop('old');
  await moveTo();
  await stopIn(app, { target: '0005-index-family-names' });
  expect(await moveTo()).toEqual(['0007-contract-names']);
  await moveTo('0005-index-family-names');
  expect(await count('full_name')).toBe(250);

  // One that is edited begins again too.
  const setTo = (time: string) =>
    `with batch as (
         select id
         from users
         where $1::bigint is null or id > $1
         order by id
         limit $2
       ), touched as (
         update users
         set created_at = '${time}'
         from batch
         where users.id = batch.id
       )
       select max(id)::text as last
       from batch`;
  await using other = await startTestApp();
  const first = setTo('2020-01-01');
  await stopIn(other, { migrations: [createBackfill(first)] });
  const second = createBackfill(setTo('2021-01-01'));
  await other.createMigrator({ migrations: [second] }).moveTo();
  const edited = `select count(*)::int from users where created_at = '2021-01-01'`;
  expect(await ask(other.pool, edited)).toBe(250);
});

/** Stops a migrator after the first batch of a backfill. */
async function stopIn(
  app: TestApp,
  { target, ...options }: OneOptions & { target?: string },
) {
  const stop = new AbortController();
  const last = 'select last_key from backfills';
  const halted = app.createMigrator({
    ...options,
    signal: stop.signal,
    pause: async (milliseconds) => {
      const { rowCount } = await app.pool.query(last);
      if (rowCount === 1) stop.abort(new Error('SIGTERM'));
      await hasten(milliseconds);
    },
  });
  await expect(halted.moveTo(target)).rejects.toThrow('SIGTERM');
  expect(await ask(app.pool, last)).toBe('100');
}

function createBackfill(sql: string) {
  const up = {
    file: '0001-one.up.backfill.sql',
    kind: 'backfill',
    sql,
  };
  return createMigration({ name: '0001-one', up: up as Step });
}

failure(
  'A concurrent index is left invalid',
  {
    symptom:
      'The build fails and the deployment with it; the next one drops what is left and builds it again',
    defence: 'rebuild-index',
    remains:
      'Until then the invalid index costs each write. If the deployment dies after the build and before its record, the next one fails with `already exists`: drop the index',
  },
  async () => {
    await using app = await startTestApp();
    const { pool, moveTo } = app;
    const target = '0005-index-family-names';
    await moveTo('0004-validate-names');
    await using old = await beginOldSnapshot(pool);
    const failed = expect(moveTo(target)).rejects.toMatchObject({
      code: '57P01',
    });

    // The build waits for the old transaction; no query waits for it.
    await untilWaiting(pool);
    const body = { fullName: 'Ada King' };
    const created = await app.send('POST', '/old/users', { body });
    expect(created.status).toBe(201);
    await terminateWaiting(pool);
    await failed;
    expect(await isValid(pool)).toBe(false);
    await old.end();

    // Others that are invalid are not its own: by name, or by table.
    await pool.query(
      `create schema shop;
       create table shop.items as
       select from generate_series(1, 2)`,
    );
    await expect(
      pool.query(
        `create unique index concurrently users_by_family_name
         on shop.items ((true))`,
      ),
    ).rejects.toMatchObject({ code: '23505' });
    await expect(
      pool.query(
        'create unique index concurrently twice on users ((true))',
      ),
    ).rejects.toMatchObject({ code: '23505' });
    await moveTo(target);
    expect(await isValid(pool)).toBe(true);
    const others = `select array[
      to_regclass('twice') is null,
      to_regclass('shop.users_by_family_name') is null
    ]`;
    expect(await ask(pool, others)).toEqual([false, false]);
    const rebuilt = createOne(
      app,
      'CREATE INDEX CONCURRENTLY twice ON users (id)',
      { kind: 'concurrent' },
    );
    await pool.query('delete from migrations');
    await rebuilt.moveTo();
    await pool.query('drop index twice');
    // A valid one may be in use: it is never dropped.
    const again = createOne(
      app,
      'CREATE INDEX CONCURRENTLY users_by_family_name ON users (id)',
      { kind: 'concurrent' },
    );
    await pool.query('delete from migrations');
    await expect(again.moveTo()).rejects.toMatchObject({
      code: '42P07',
    });
    expect(await isValid(pool)).toBe(true);
  },
);

failure(
  'Two deployments migrate at once',
  {
    symptom:
      'One migrates; the other logs `another migrator is running`, waits, and finds nothing left to do',
    defence: 'one-mover',
    remains:
      'PgBouncer in transaction mode breaks the lock: connect to Postgres itself',
  },
  async () => {
    let turns = 0;
    let pausing = 0;
    const pauses: [milliseconds: number, atOnce: number][] = [];
    await using app = await startTestApp();
    const { pool, moveTo } = app;
    const other = app.createMigrator({
      pause: async (milliseconds, signal) => {
        turns += 1;
        pausing += 1;
        pauses.push([milliseconds, pausing]);
        await hasten(milliseconds, signal);
        pausing -= 1;
      },
    });
    const target = '0004-validate-names';
    const both = await Promise.all([
      moveTo(target),
      other.moveTo(target),
    ]);
    expect(both.map((done) => done.length).toSorted()).toEqual([0, 4]);

    // A session that waits inside Postgres would be in the way.
    await using old = await beginOldSnapshot(pool);
    const first = moveTo('0005-index-family-names');
    await untilWaiting(pool);
    turns = 0;
    pauses.length = 0;
    const logged = app.log.count('another migrator is running');
    const second = other.moveTo('0005-index-family-names');
    await waitUntil('the second asks again', () => turns > 3);
    expect(new Set(pauses.map(String))).toEqual(new Set(['100,1']));
    await old.end();

    expect(await first).toEqual(['0005-index-family-names']);
    expect(await second).toEqual([]);
    const message = 'another migrator is running';
    expect(app.log.count(message)).toBe(logged + 1);
    for (const settings of [{ max: 1 }, { query_timeout: 60_000 }])
      expect(() =>
        app.createMigrator({ pool: new pg.Pool(settings) }),
      ).toThrow('A migrator needs a pool of 2');
    app.createMigrator({ pool: new pg.Pool({ max: 2 }) });
  },
);

test('The connection that holds the lock is lost, or the deployment is stopped', async () => {
  await using app = await startTestApp({ lockTimeoutMs: 60_000 });
  const { pool, moveTo } = app;
  await using report = await openReport(pool);
  const lost = expect(moveTo(EXPAND)).rejects.toMatchObject({
    code: '57P01',
  });
  await untilWaiting(pool);
  await pool.query(
    `select pg_terminate_backend(pid)
       from pg_locks
       where locktype = 'advisory'
         and database = (
           select oid
           from pg_database
           where datname = current_database()
         )`,
  );
  await lost;

  const stop = new AbortController();
  const { signal } = stop;
  const stopped = app.createMigrator({ signal });
  const halted = expect(stopped.moveTo(EXPAND)).rejects.toThrow(
    /SIGTERM|aborted/,
  );
  await untilWaiting(pool);
  stop.abort(new Error('SIGTERM'));
  await halted;
  await expect(stopped.moveTo()).rejects.toThrow();
  await report.end();
  expect(await moveTo('0004-validate-names')).toHaveLength(4);

  const later = new AbortController();
  const builder = app.createMigrator({ signal: later.signal });
  await using _old = await beginOldSnapshot(pool);
  const cut = expect(
    builder.moveTo('0005-index-family-names'),
  ).rejects.toThrow('SIGTERM');
  await untilWaiting(pool);
  later.abort(new Error('SIGTERM'));
  await cut;
});

failure(
  'A migration is edited after it was applied, or another slips in before it',
  {
    symptom: '`edited` or `out_of_order`; no statement is run',
    defence: 'check-history',
    remains:
      'An older release that migrates is refused too: undo with the newer release first, then deploy the older one',
  },
  async () => {
    await using app = await startTestApp();
    const { migrations } = app;
    await app.moveTo(EXPAND);
    const [, ...others] = migrations;
    const edited = createMigration({ name: EXPAND });
    const slipped = createMigration({ name: '0000-earlier' });
    const move = (list: typeof migrations) =>
      app.createMigrator({ migrations: list }).moveTo();

    await expect(move([edited, ...others])).rejects.toMatchObject({
      code: 'edited',
      message: `${EXPAND} was edited after it was applied: write a new one`,
    });
    await expect(move([slipped, ...migrations])).rejects.toMatchObject({
      code: 'out_of_order',
      message: `${EXPAND} is applied; in its place is 0000-earlier`,
    });
    await expect(move([])).rejects.toMatchObject({
      code: 'out_of_order',
      message: `${EXPAND} is applied; in its place is nothing`,
    });
    await expect(app.moveTo('0009-none')).rejects.toMatchObject({
      code: 'unknown_target',
      message: 'There is no migration 0009-none',
    });
    expect(
      await ask(app.pool, 'select count(*)::int from migrations'),
    ).toBe(1);

    await app.moveTo('0002-split-names');
    // The rows are in another order now.
    await app.pool.query(
      `update migrations set applied_at = now() where name = '${EXPAND}'`,
    );
    const second = createMigration({ name: '0002-split-names' });
    const [first, , ...rest] = migrations;
    if (!first) throw new Error('no migrations');
    await expect(move([first, second, ...rest])).rejects.toMatchObject({
      code: 'edited',
    });
    const third = '0003-require-names';
    expect(await app.moveTo(third)).toEqual([third]);
  },
);

test('Two files have the same number, or two steps the same name', () => {
  const path = mkdtempSync(`${tmpdir()}/migrations-`);
  onTestFinished(() => rmSync(path, { recursive: true }));
  const folder = pathToFileURL(`${path}/`);
  const write = (name: string, text = 'select 1;\r\n') =>
    writeFileSync(new URL(name, folder), text);
  cpSync(FOLDER, folder, { recursive: true });
  const [first, second] = readMigrations(folder);
  expect(first?.up).toMatchObject({ kind: 'transaction' });
  expect(second?.up).toMatchObject({ kind: 'backfill' });
  expect(second?.down).toBeUndefined();

  const refuse = (name: string, message: string) => {
    write(name);
    expect(() => readMigrations(folder)).toThrow(message);
    rmSync(new URL(name, folder));
  };
  refuse(
    '0001-tags.up.sql',
    '0001-expand-names and 0001-tags have the same number',
  );
  refuse(
    '0002-split-names.up.sql',
    '0002-split-names.up.backfill.sql and 0002-split-names.up.sql collide',
  );
  refuse('x0009-tags.up.sql', 'is not named NNNN-name.up.sql');
  refuse('0009-.up.sql', 'is not named NNNN-name.up.sql');
  refuse('00010-tags.up.sql', 'is not named NNNN-name.up.sql');
  refuse('0009-tags.up.sql.txt', 'is not named NNNN-name.up.sql');

  const last = () => readMigrations(folder).at(-1);
  write('0009-tags2.up.sql');
  const before = last()?.checksum;
  write('0009-tags2.up.sql', 'select 1;\n');
  expect(last()?.checksum).toBe(before);
  write('0009-tags2.down.sql');
  const both = last()?.checksum;
  expect(both).not.toBe(before);
  write('0009-tags2.up.sql', 'select $$ü$$');
  expect(last()?.checksum).not.toBe(both);
  expect(last()?.up?.sql).toBe('select $$ü$$');
});

failure(
  'The new release is rolled back after it wrote, even after the contract',
  {
    symptom:
      'The old release finds each name that the new one wrote, and the migrations go down as they went up',
    defence: 'keep-in-step',
    remains:
      'When 0001 itself is undone, the place where a name was split is lost; and `full_name` comes back without its `not null`',
  },
  async () => {
    await using app = await startTestApp();
    const { pool, moveTo, releases } = app;
    await pool.query(
      `insert into users (id, full_name)
       overriding system value
       values (-5, 'Minus Five')`,
    );
    await releases.stop('old');
    expect((await moveTo()).length).toBe(7);
    const body = { givenName: 'Ada', familyName: 'King' };
    const { status } = await app.send('PUT', '/new/users/1', { body });
    expect(status).toBe(204);
    await pool.query(
      `update users set given_name = 'Cher', family_name = '' where id = 2`,
    );

    await moveTo('0005-index-family-names');
    const names = `
      select array_agg(full_name order by id)
      from users
      where id < 4`;
    const written = [
      'Minus Five',
      'Ada King',
      'Cher',
      'Given3 Family3',
    ];
    expect(await ask(pool, names)).toEqual(written);
    await expect(moveTo(START)).rejects.toMatchObject({
      code: '55006',
      message: 'the release users new is connected: stop it first',
    });
    await releases.stop('new');
    expect(await moveTo(START)).toEqual([EXPAND]);
    expect(await ask(pool, names)).toEqual(written);
    const lost =
      'select count(*)::int from users where full_name is null';
    expect(await ask(pool, lost)).toBe(0);
  },
);

failure(
  'The contract comes while the old release still runs',
  {
    symptom:
      '`the release users old is connected: stop it first`; the column stays',
    defence: 'require-stopped',
    remains:
      'Not seen is a release without a connection here (give its pool `min: 1`), behind PgBouncer, on a replica only, or under another name',
  },
  async () => {
    await using app = await startTestApp();
    expect((await app.send('GET', '/old/users/1')).status).toBe(200);

    await expect(app.moveTo()).rejects.toMatchObject({
      code: '55006',
      message: 'the release users old is connected: stop it first',
    });
    expect((await app.send('GET', '/old/users/1')).status).toBe(200);

    await app.releases.stop('old');
    const elsewhere = new pg.Client({
      connectionString: new URL('/postgres', app.databaseUrl).href,
      application_name: 'users old',
    });
    await elsewhere.connect();
    await waitUntil('it has gone', async () => {
      const query = `select count(*)::int from pg_stat_activity where datname = current_database() and application_name = 'users old'`;
      return (await ask(app.pool, query)) === 0;
    });
    expect(await app.moveTo()).toEqual(['0007-contract-names']);
    await elsewhere.end();

    // Postgres cuts the name of a connection.
    const long = `users ${'a'.repeat(70)}`;
    const { databaseUrl: connectionString } = app;
    const client = new pg.Client({
      connectionString,
      application_name: long,
    });
    await client.connect();
    const asked = app.pool.query('select require_stopped($1)', [long]);
    await expect(asked).rejects.toMatchObject({ code: '55006' });
    await client.end();
  },
);

failure(
  'Both releases write the same row',
  {
    symptom:
      'Each write is kept, whichever release makes it, before the backfill and after it',
    defence: 'keep-in-step',
    remains:
      'Blanks at the end of a full name are cut off; a write of both forms at once keeps the new one',
  },
  async () => {
    await using app = await startTestApp();
    const { pool } = app;
    await app.moveTo(EXPAND);
    const write = async (id: number, set: string) => {
      await pool.query(`update users set ${set} where id = ${id}`);
      return await readNames(pool, id);
    };
    const check = async () => {
      // Rows that are not split yet: one field of the two is enough.
      expect(await write(1, `family_name = 'King'`)).toBe(
        'Given1 King|Given1|King',
      );
      expect(await write(2, `given_name = 'Ada'`)).toBe(
        'Ada Family2|Ada|Family2',
      );
      expect(await write(3, `full_name = 'Ada  King'`)).toBe(
        'Ada  King|Ada| King',
      );
      expect(await write(4, `full_name = full_name`)).toBe(
        'Given4 Family4|Given4|Family4',
      );
      // The new release splits as it likes; the old one keeps that.
      const ana = `given_name = 'Ana Celia', family_name = 'de Armas'`;
      expect(await write(1, ana)).toBe(
        'Ana Celia de Armas|Ana Celia|de Armas',
      );
      expect(await write(1, `full_name = full_name || ' Caso'`)).toBe(
        'Ana Celia de Armas Caso|Ana Celia|de Armas Caso',
      );
      expect(await write(1, `full_name = 'Ana Celiana Caso'`)).toBe(
        'Ana Celiana Caso|Ana|Celiana Caso',
      );
      expect(await write(1, `full_name = 'Cher'`)).toBe('Cher|Cher|');
      expect(await write(2, 'family_name = null')).toBe('Ada|Ada|');
      // One conflict fires it twice: for the insert and the update.
      await pool.query(
        `insert into users (id, full_name)
         overriding system value
         values (3, 'Grace Hopper')
         on conflict (id) do update set full_name = excluded.full_name`,
      );
      expect(await readNames(pool, 3)).toBe(
        'Grace Hopper|Grace|Hopper',
      );
    };
    await check();
    await pool.query('truncate users restart identity');
    await pool.query(`
      alter table users disable trigger names_in_step;
      insert into users (full_name)
      select 'Given' || n || ' Family' || n from generate_series(1, 4) n;
      alter table users enable trigger names_in_step;
      create trigger names_in_step_again
        before insert or update on users
        for each row execute function keep_names_in_step()`);
    await check();

    await app.moveTo('0002-split-names');
    const body = { givenName: 'Ana', familyName: '' };
    const { body: made } = await app.send('POST', '/new/users', {
      body,
    });
    expect(await readNames(pool, Number(made.id))).toBe('Ana|Ana|');
  },
);

test('A column becomes not null on a table of millions', async () => {
  await using app = await startTestApp();
  const { pool, migrations } = app;
  await app.moveTo('0003-require-names');
  const validate = migrations[3]?.up;
  expect(validate?.kind).toBe('concurrent');
  await using check = await begin(pool, `${validate?.sql}`);
  const body = { givenName: 'Ada', familyName: 'King' };
  const made = await app.send('POST', '/new/users', { body });
  expect(made.status).toBe(201);
  const path = `/old/users/${made.body.id}`;
  expect((await app.send('GET', path)).body.fullName).toBe('Ada King');
  const grace = { fullName: 'Grace Hopper' };
  const renamed = await app.send('PUT', path, { body: grace });
  expect(renamed.status).toBe(204);
  await check.end();

  // It may read for longer than other migrations may run.
  await using short = openPool(app.databaseUrl, {
    options: '-c statement_timeout=200 -c idle_session_timeout=200',
  });
  const slow = createOne(app, 'select pg_sleep(0.4)', {
    pool: short.pool,
    kind: 'concurrent',
    timeLimitMs: 200,
    migrations: migrations.slice(0, 3),
  });
  expect(await slow.moveTo()).toEqual(['0009-one']);
  const quick = createOne(app, 'select pg_sleep(60)', {
    timeLimitMs: 200,
  });
  await pool.query('delete from migrations');
  await expect(quick.moveTo()).rejects.toMatchObject({
    code: 'timed_out',
  });
});

failure(
  'A migration would stop live queries, or break the release that runs',
  {
    symptom: '`refused`, with file and statement; no migration is run',
    defence: 'list',
    remains:
      'A file that begins with `-- reviewed: <why>` is not checked by the linter: a person reviewed it',
  },
  async () => {
    for (const [kind, statements] of Object.entries(refused))
      for (const sql of statements)
        await expect(lint(kind, sql), sql).rejects.toMatchObject({
          code: 'refused',
        });
    for (const [kind, statements] of Object.entries(accepted))
      for (const sql of statements) await lint(kind, sql);

    await lintMigrations(readMigrations(FOLDER));
    await lint('transaction', '-- reviewed: small\nlock table users');
    await lint('transaction', '-- a\n-- reviewed: b\nlock table users');
    await expect(
      lint(
        'transaction',
        `-- für alle\ncreate table ü (a text);\n\n-- reviewed: late\nlock table users;`,
      ),
    ).rejects.toThrow(
      /^not on the list .*:\n0001-one.up.sql: lock table users$/,
    );
    await expect(
      lint('transaction', '-- reviewed:\nlock table users'),
    ).rejects.toThrow('lock table users');
    await expect(
      lint('transaction', 'alter tabel users'),
    ).rejects.toThrow('syntax error at or near "tabel"');
  },
);

const batch =
  'with b as (select id from users where id > $1 order by id limit $2)';

const refused = {
  transaction: [
    'drop schema shop cascade',
    'drop materialized view m',
    'drop view v',
    'drop type t cascade',
    'drop extension pgcrypto cascade',
    'drop function f()',
    'drop table teams',
    'drop trigger names_in_step on users',
    'create table if not exists users (id int); alter table users drop column full_name',
    'create table if not exists users (id int)',
    'create table p partition of users for values from (1) to (2)',
    'create table p () inherits (users)',
    'create table p (a bigint references users)',
    'create table p as select * from users',
    'create policy p on users using (true)',
    'create rule r as on update to users do nothing',
    'create or replace function f() returns int return 1',
    'create or replace trigger g before insert on users for each row execute function f()',
    'alter table users enable row level security',
    'alter table users alter column created_at drop default',
    'alter table users alter column a set default 1',
    'alter table users alter column a set not null',
    'alter table users alter column a type bigint',
    'alter table users drop column full_name',
    'alter table users drop constraint u',
    'alter table users rename to people',
    'alter table users rename column a to b',
    'alter index users rename to people',
    'alter table users disable trigger all',
    'alter table users add primary key using index i',
    'alter table users add constraint c unique (a)',
    'alter table users add constraint c check (a > 0)',
    'alter table users add constraint c not null a',
    'alter table users add foreign key (a) references teams not valid',
    'alter table users add column p positive_int',
    `alter table users add column p int default '1'::positive_int`,
    `alter table users add column p jsonb default '{}'::jsonb`,
    'create unlogged table teams (id int)',
    'create temp table teams (id int)',
    'create or replace view v as select 1',
    'alter table users add column p bigserial',
    'alter table users add column a int not null',
    'alter table users add column a int not null default null',
    'alter table users add column a uuid default gen_random_uuid()',
    'alter table users add column a timestamptz default now()',
    'alter table users add column a int unique',
    'alter table users add column a int references teams',
    'alter table users add column a int generated always as (b) stored',
    'alter table users add column if not exists a int',
    'alter table if exists users add column a int',
    'alter table users add column a int; alter table users drop column b',
    'alter table users add column a int, drop column b',
    'alter table users add column a int; alter table teams add column a int',
    'alter table users add column a int; alter table shop.users add column a int',
    'revoke select on users from app',
    'grant select on users to app',
    'truncate users',
    'lock table users',
    'update users set a = 1',
    'insert into users select from people',
    'do $$ begin end $$',
    'select pg_sleep(60)',
    'commit',
    'create index i on users (a)',
    'create index concurrently i on users (a)',
    'alter table users validate constraint k',
  ],
  concurrent: [
    'create index concurrently on users (a)',
    'create index i on users (a)',
    'create unique index concurrently i on users (a)',
    'create index concurrently if not exists i on users (a)',
    'drop index concurrently if exists i',
    'create index concurrently i on users (a); create index concurrently j on users (b)',
    'alter table users validate constraint k, add column a int',
    'alter table users add column a int',
    'drop table users',
    'reindex table users',
    'select 1',
  ],
  backfill: [
    'update users set a = 1',
    'select from users where id > $1',
    'select from users limit $2',
    'select from users where id > $1 and id < $2 limit 5',
    'select id from users where id > $1 limit $2',
    'select id from users where id > 5 order by id limit $2',
    'select id from users where id > $1 order by id limit $2 for update skip locked',
    'select id from users where id > $1 order by id limit $2 for update nowait',
    'select (select id from users order by id), a from t where id > $1 limit $2',
    `${batch}, u as (update users set a = 1) select from b`,
    `${batch}, u as (delete from users) select from b`,
    `${batch}, u as (insert into users select from people) select from b`,
    `${batch} select from b; ${batch} select from b`,
  ],
};

const accepted = {
  transaction: [
    'alter table users add column a int, add column b numeric(9, 2)',
    `alter table public.users add column a text not null default 'free'; alter table users add column b int`,
    `alter table users add column a jsonb default '{}' not null`,
    'alter table users add column a int default -1',
    'create table p (a int, b int) partition by list (b)',
    'create view v (x) with (security_invoker = true) as select a from users',
    'alter table users add column a bool default true',
    'alter table users add constraint c check (a > 0 and b < 1) not valid',
    'alter table users add constraint c not null a not valid',
    'create table teams (id bigint primary key, a citext unique default lower($$A$$), check (a > $$a$$))',
    'create table teams (id int); alter table users add column a int',
    'create function f() returns int return 1',
    'alter table users add column a int; create trigger g after update of a on users for each row when (new.a > 0) execute function f(1)',
  ],
  concurrent: [
    'create index concurrently i on users (a, lower(b)) where a > 0',
    'create index concurrently i on users using gin (a)',
    'alter table users validate constraint k, validate constraint l',
  ],
  backfill: [
    `${batch}, u as (update users set a = 1 from b where users.id = b.id) select from b`,
  ],
};

async function lint(kind: string, sql: string) {
  const step = { file: '0001-one.up.sql', kind, sql } as Step;
  const up = createMigration({ name: '0001-one', up: step });
  const down = createMigration({ name: '0001-one', down: step });
  await lintMigrations([down]);
  await lintMigrations([up]);
}

test('The linter names each statement, of both directions, and sees through more than its list', async () => {
  const stepOf = (file: string, sql: string, kind = 'transaction') => {
    return { file, kind, sql } as Step;
  };
  const lock = 'lock table users \n';
  const named = lintMigrations([
    createMigration({ name: '0001-one', up: stepOf('one', lock) }),
    createMigration({
      name: '0002-two',
      up: stepOf('two', lock),
      down: stepOf('back', lock),
    }),
  ]);
  await expect(named).rejects.toThrow(
    /:\none: lock table users\ntwo: lock table users\nback: lock table users$/,
  );
  const down = stepOf('back', lock);
  await expect(
    lintMigrations([createMigration({ name: '0001-one', down })]),
  ).rejects.toThrow('back: lock table users');
  await lint('transaction', `-- a\n--\n-- reviewed: b\n${lock}`);

  const own = 'users set a = 1 from b where users.id = b.id';
  for (const sql of [
    'create table t as select id from users where id > $1 order by id limit $2',
    `${batch}, u as (update ${own}), v as (update users set a = 2) select from b`,
    `${batch}, u as (merge into users using b on users.id = b.id when matched then update set a = 1 returning users.id) select from b`,
  ])
    await expect(lint('backfill', sql), sql).rejects.toMatchObject({
      code: 'refused',
    });
});

test('A replica lags behind a backfill', async () => {
  await using setup = await startReplicated();
  const { pool, replica, log, migrator, askReplica } = setup;
  await waitUntil('it follows', async () => !(await findLag(pool)));
  await askReplica('select pg_wal_replay_pause()');
  await pool.query(
    'create table filler as select generate_series(1, 10000)',
  );

  const applied = 'select count(*)::int from migrations';
  const moved = migrator.moveTo(EXPAND);
  await waitUntil(
    'the replica stops it',
    () => log.count(BEHIND, /"name":"replica","bytes":"\d+"/) >= 20,
  );
  // It has the whole log, and has not applied it.
  await untilReplica(pool, 'least(restart_lsn, flush_lsn)');
  const waits = log.count(BEHIND);
  await waitUntil('it waits on', () => log.count(BEHIND) > waits + 5);
  expect(await ask(pool, applied)).toBe(0);
  await askReplica('select pg_wal_replay_resume()');
  await moved;

  // It stops before the second batch too.
  await waitUntil('it has all', async () => !(await findLag(pool)));
  await askReplica('select pg_wal_replay_pause()');
  const split = migrator.moveTo('0002-split-names');
  await waitUntil(
    'the replica stops it',
    () => log.count(BEHIND, /"0002-split-names.up"/) >= 5,
  );
  expect(await ask(pool, applied)).toBe(1);
  expect(await ask(pool, 'select last_key from backfills')).toBe('100');
  await askReplica('select pg_wal_replay_resume()');
  await split;

  // A slot that holds nothing back is harmless; one that does is not.
  await pool.query(
    `select pg_create_physical_replication_slot('idle')`,
  );
  await waitUntil('it has all', async () => !(await findLag(pool)));
  await pool.query(
    `select pg_create_physical_replication_slot('gone', true)`,
  );
  await pool.query(
    'insert into filler select generate_series(1, 10000)',
  );
  await untilReplica(pool, 'replay_lsn');
  expect(await findLag(pool)).toMatchObject({
    name: 'gone',
    pauseMs: 500,
  });
  await pool.query(`create role guest login password 'guest'`);
  const url = new URL(setup.url);
  url.username = 'guest';
  url.password = 'guest';
  const guests = new pg.Pool({ connectionString: url.href });
  await expect(findLag(guests)).rejects.toMatchObject({
    code: 'lag_hidden',
    message: expect.stringContaining('grant it pg_monitor'),
  });
  await guests.end();
  await pool.query(`select pg_drop_replication_slot('gone')`);
  await replica[Symbol.asyncDispose]();
  await pool.query(
    'insert into filler select generate_series(1, 10000)',
  );
  await pool.query('checkpoint');
  await pool.query(
    `select pg_create_physical_replication_slot('a', true)`,
  );
  await pool.query(
    'insert into filler select generate_series(1, 10000)',
  );
  expect(await findLag(pool)).toMatchObject({ name: 'replica' });
  await pool.query(`select pg_drop_replication_slot('a')`);
  // Nobody sets it: 16 MB.
  const byDefault = { maxLagBytes: undefined };
  await pool.query(
    'insert into filler select generate_series(1, 60000)',
  );
  expect(await findLag(pool, byDefault)).toBeUndefined();
  await pool.query(
    'insert into filler select generate_series(1, 500000)',
  );
  expect(await findLag(pool, byDefault)).toBeDefined();

  // Postgres gives the slot up: it holds nothing back any more.
  await pool.query(
    `alter system set idle_replication_slot_timeout = '1s'`,
  );
  await pool.query('select pg_reload_conf()');
  await waitUntil('the slot is lost', async () => {
    await pool.query('checkpoint');
    const reason = `select invalidation_reason from pg_replication_slots where slot_name = 'replica'`;
    return (await ask(pool, reason)) !== null;
  });
  expect(await findLag(pool)).toBeUndefined();
});

/** Waits until the replica has come as far as the primary is now. */
async function untilReplica(pool: Pool, position: string) {
  const now = await ask<string>(
    pool,
    'select pg_current_wal_insert_lsn()::text',
  );
  await waitUntil('the replica has come so far', () =>
    ask<boolean>(
      pool,
      `select ${position} >= '${now}'::pg_lsn
       from pg_stat_replication
       join pg_replication_slots on active_pid = pid`,
    ),
  );
}

type Limits = { maxLagBytes: number | undefined };

/** What a migration would wait for, or nothing. */
async function findLag(
  pool: Pool,
  limits: Limits = { maxLagBytes: 1000 },
) {
  const found: object[] = [];
  const noPause = new Error('it would wait');
  const options = {
    pool,
    log: { info: (_: string, details: object) => found.push(details) },
    pause: async (pauseMs: number) => {
      found.push({ ...found.pop(), pauseMs });
      throw noPause;
    },
    signal: new AbortController().signal,
  };
  try {
    await waitForReplicas('check', { ...options, ...limits });
  } catch (error) {
    if (error !== noPause) throw error;
  }
  return found[0];
}

failure(
  'A report on a replica holds back a migration that the primary has done',
  {
    symptom:
      'Each read of that table on the replica waits until the report ends, or `max_standby_streaming_delay` (30 s by default) cancels it',
    defence: 'wait-for-replicas',
    remains:
      'Neither `lock_timeout` nor the retry helps. Lower that setting where requests are served, and run reports on another replica',
  },
  async () => {
    await using setup = await startReplicated();
    const { migrator, log, askReplica } = setup;
    await waitUntil(
      'it follows',
      async () => !(await findLag(setup.pool)),
    );
    await using replicaPool = setup.openReplica();
    await using report = await openReport(replicaPool.pool);

    const moved = migrator.moveTo('0003-require-names');
    await waitUntil('the replica waits', async () => {
      const waiting =
        'select count(*)::int from pg_locks where not granted';
      return (await askReplica(waiting)) === 1;
    });
    const read =
      'set lock_timeout = 200; select full_name from users limit 1';
    await expect(askReplica(read)).rejects.toMatchObject({
      code: '55P03',
    });
    await waitUntil('the next ones wait', () => log.count(BEHIND) >= 2);
    await report.end();
    await moved;
    await waitUntil('the replica has it', async () => {
      const count = 'select count(*)::int from migrations';
      return (await askReplica(count)) === 3;
    });
  },
);

/** A primary that 500 users live on, a replica that follows it, and a migrator that looks at it. */
async function startReplicated() {
  await using stack = new AsyncDisposableStack();
  const primary = stack.use(await startPostgres());
  const { pool } = stack.use(
    await openDatabase({
      url: primary.url,
      schema: SCHEMA,
      dataFolder: SCHEMA,
    }),
  );
  await fillUsers(pool, 500);
  const replica = stack.use(await startReplica(primary));
  const stop = new AbortController();
  stack.defer(() => stop.abort());
  const migrations = readMigrations(FOLDER);
  const log = createMigrationLog(migrations);
  const migrator = createMigrator({
    pool,
    log,
    migrations,
    pause: hasten,
    maxLagBytes: 1000,
    signal: stop.signal,
  });
  function openReplica() {
    const reports = new pg.Pool({ connectionString: replica.url });
    reports.on('error', () => {}); // it is canceled
    return {
      pool: reports,
      [Symbol.asyncDispose]: () => reports.end(),
    };
  }
  async function askReplica(text: string) {
    const client = new pg.Client({ connectionString: replica.url });
    await client.connect();
    try {
      const { rows } = await client.query({ text, rowMode: 'array' });
      return rows?.[0]?.[0];
    } finally {
      await client.end();
    }
  }
  const owned = stack.move();
  return {
    url: primary.url,
    pool,
    replica,
    log,
    migrator,
    askReplica,
    openReplica,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

test('A prepared `select *` meets a new column', async () => {
  await using app = await startTestApp();
  const client = await app.pool.connect();
  const all = {
    name: 'all',
    text: 'select * from users where id = 1',
  };
  await client.query(all);
  await app.moveTo(EXPAND);

  await expect(client.query(all)).rejects.toMatchObject({
    code: '0A000',
    message: 'cached plan must not change result type',
  });
  client.release(true);
  expect((await app.send('GET', '/old/users/1')).status).toBe(200);
});

type TestApp = Awaited<ReturnType<typeof startTestApp>>;
type OneOptions = Partial<Parameters<TestApp['createMigrator']>[0]> & {
  kind?: Step['kind'];
};

/** A migrator of one migration more. */
function createOne(
  app: TestApp,
  sql: string,
  options: OneOptions = {},
) {
  const { kind = 'transaction', migrations = [], ...rest } = options;
  const name = migrations.length > 0 ? '0009-one' : '0001-one';
  const up = { file: `${name}.up.sql`, kind, sql };
  return app.createMigrator({
    ...rest,
    migrations: [...migrations, createMigration({ name, up })],
  });
}

/** What Postgres limits a migration to, by default. */
async function readLimits(app: TestApp) {
  await using other = await startTestApp();
  const sql = `
    create table limits as
    select current_setting('lock_timeout') as lock,
           current_setting('statement_timeout') as statement`;
  await createOne(other, sql).moveTo();
  const limits = await ask<string[]>(
    other.pool,
    'select array[lock, statement] from limits',
  );
  await expect(
    createOne(app, 'select 1 / 0').moveTo(),
  ).rejects.toThrow();
  return limits;
}

async function readNames(pool: Pool, id: number): Promise<string> {
  return await ask(
    pool,
    `select concat_ws('|', full_name, given_name, family_name)
     from users
     where id = ${id}`,
  );
}

async function isValid(pool: Pool) {
  return await ask<boolean>(
    pool,
    `select indisvalid
     from pg_index
     where indexrelid = 'users_by_family_name'::regclass`,
  );
}
