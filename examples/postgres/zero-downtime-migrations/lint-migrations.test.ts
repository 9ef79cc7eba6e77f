import { describe, expect, it } from 'vitest';
import { lintMigrations } from './lint-migrations.ts';
import {
  createMigration,
  readMigrations,
  readStep,
} from './migration-files.ts';
import { accepted, refused } from './test-statements.ts';

/** The findings of files that run one after the other, as `1: rule`. */
async function lint(...files: string[]) {
  const migrations = [];
  for (const [index, sql] of files.entries()) {
    const up = await readStep(sql);
    migrations.push(createMigration(`${index + 1}`, { up }));
  }
  const inUse = ['users.full_name', 'shop.orders.total'];
  const findings = await lintMigrations(migrations, { inUse });
  return findings.map(({ migration, rule }) => `${migration}: ${rule}`);
}

describe('the linter', () => {
  it('refuses what would block, or break a version that runs', async () => {
    for (const [rule, statements] of Object.entries(refused))
      for (const sql of statements)
        expect([sql, ...(await lint(sql))]).toEqual([
          sql,
          `1: ${rule}`,
        ]);
  });

  it('accepts what stops nobody', async () => {
    for (const sql of accepted)
      expect([sql, ...(await lint(sql))]).toEqual([sql]);
  });

  it('knows what earlier migrations have proven', async () => {
    const check =
      'alter table users add constraint c check (a is not null and b is not null) not valid';
    const weak =
      'alter table users add constraint c check (a is not null or b = 1) not valid';
    const validate = 'alter table users validate constraint c';
    const drop = 'alter table users drop constraint c';
    const notNull = 'alter table users alter column a set not null';

    expect(await lint(check, validate, notNull)).toEqual([]);
    expect(await lint(check, notNull)).toEqual([
      '2: unproven-not-null',
    ]);
    expect(await lint(weak, validate, notNull)).toEqual([
      '3: unproven-not-null',
    ]);
    expect(await lint(check, validate, drop, notNull)).toEqual([
      '4: unproven-not-null',
    ]);
  });

  it('refuses to wait for a lock while another is held', async () => {
    const users = 'alter table users add a int;';
    const teams = 'alter table teams add b int;';
    const trigger =
      'create trigger t before insert on users for each row execute function f();';
    const reference =
      'create table notes (user_id bigint references users);';
    const scan = 'alter table users validate constraint c;';

    expect(await lint(users + teams)).toEqual(['1: second-lock']);
    expect(await lint(users + trigger)).toEqual([]);
    expect(await lint(trigger + users)).toEqual(['1: second-lock']);
    expect(await lint(reference)).toEqual([]);
    expect(await lint(reference + teams)).toEqual(['1: second-lock']);
    expect(await lint(users + scan)).toEqual(['1: scan-under-lock']);
    expect(await lint(scan + users)).toEqual([
      ...['1: scan-under-lock', '1: second-lock'],
    ]);
  });

  it('wants a concurrent statement alone in its file', async () => {
    const index = 'create index concurrently i on users (a);';

    expect(await lint(`${index} create table teams ()`)).toEqual([
      '1: not-alone',
    ]);
  });

  it('wants a backfill to take a key and a limit', async () => {
    const whole = await readStep('update users set a = 1', true);
    const batch = await readStep(
      'select from users where id > $1 limit $2',
      true,
    );
    const migrations = [whole, batch].map((up, index) =>
      createMigration(`${index}`, { up }),
    );

    const findings = await lintMigrations(migrations);

    expect(findings).toMatchObject([
      { migration: '0', rule: 'unbatched' },
    ]);
  });

  it('lets through what its file allows and gives a reason for', async () => {
    const sql = 'create index i on plans (name);';

    expect(
      await lint(`-- allow blocking-index: ten rows\n${sql}`),
    ).toEqual([]);
    for (const comment of [
      '-- allow blocking-index',
      '-- allow rename: ten rows',
      `select '-- allow blocking-index: no comment' where false;`,
    ])
      expect(await lint(`${comment}\n${sql}`)).toContain(
        '1: blocking-index',
      );
  });

  it('names the line, behind comments and letters of many bytes', async () => {
    const up = await readStep(
      `-- für alle\ncreate table ü ();\n\n-- and\nlock table users;`,
    );

    const [finding] = await lintMigrations([
      createMigration('1', { up }),
    ]);

    expect(finding).toEqual({
      ...{ migration: '1', direction: 'up', line: 5 },
      rule: 'lock-table',
      mend: 'leave locks to the statements that need them',
    });
  });

  it('has nothing against the migrations of this example', async () => {
    const folder = new URL('migrations/', import.meta.url);

    expect(await lintMigrations(await readMigrations(folder))).toEqual(
      [],
    );
  });

  it('says no to a file that Postgres could not read', async () => {
    await expect(lint('alter tabel users')).rejects.toThrow(
      'syntax error at or near "tabel"',
    );
  });
});
