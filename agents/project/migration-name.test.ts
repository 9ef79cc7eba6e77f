import { expect, it } from 'vitest';
import { nameMigration } from './migration-name.ts';

const NOW = new Date('2026-11-21T09:30:00Z');

it.each([
  ['an empty folder', [], '0001_jobs.sql'],
  ['numbers', ['0001_init.sql', '0009_users.sql'], '0010_jobs.sql'],
  ['numbers without zeros', ['1-init.sql', '2-users.sql'], '3-jobs.sql'],
  ['moments', ['20240102030405_init.sql'], '20261121093000_jobs.sql'],
  ['moments in the future', ['20990102030405_init.sql'], '20990102030406_jobs.sql'],
  ['milliseconds', ['1700000000000_init.js'], `${NOW.getTime()}_jobs.sql`],
  ['versions of Flyway', ['V1__init.sql', 'V2__users.sql'], 'V3__jobs.sql'],
  ['a file for each way', ['0001_a.down.sql', '0001_a.up.sql'], '0002_jobs.up.sql'],
  ['files of our migrator', ['0001-a.up.sql', '0002-b.up.concurrent.sql'], '0003-jobs.up.sql'],
  ['names without numbers', ['init.sql'], 'init_jobs.sql'],
  ['other files', ['README.md', '0001_init.sql', 'meta'], '0002_jobs.sql'],
])('a migration sorts behind %s', (_, present, expected) => {
  const name = nameMigration(present, 'jobs', NOW);
  expect(name).toBe(expected);
  const sql = present.filter((one) => /^[^a-z]*\d|\.sql$/.test(one));
  expect([...sql, name].sort().at(-1)).toBe(name);
});

it('words are joined as the number is', () => {
  expect(nameMigration(['0001-a.sql'], 'dead-jobs_roles', NOW)).toBe('0002-dead-jobs-roles.sql');
  expect(nameMigration(['0001_a.sql'], 'dead-jobs', NOW)).toBe('0002_dead_jobs.sql');
});

it('numbers that outgrow their width are still larger', () => {
  expect(nameMigration(['9998_a.sql', '9999_b.sql'], 'jobs', NOW)).toBe('10000_jobs.sql');
});
