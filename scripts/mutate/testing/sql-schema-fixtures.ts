import type { SqlFixture } from './sql-fixtures.ts';

const READER = 'create role reader; grant select on jobs to reader;';

/** Fixtures for what a schema promises. The table is `jobs (id, state, age)`. */
export const SQL_SCHEMA_FIXTURES: SqlFixture[] = [
  {
    operator: 'sql-constraint-dropped',
    source: 'create table wallets (cents int check (cents >= 0))',
    weak: { after: ['insert into wallets values (5) returning cents'], rows: [{ cents: 5 }] },
    strong: { after: ['insert into wallets values (-5)'], fails: '23514' },
  },
  {
    operator: 'sql-unique-index-dropped',
    source: 'create unique index one_of_an_age on jobs (age)',
    weak: { after: ["insert into jobs values (1, 'new', 1) returning id"], rows: [{ id: 1 }] },
    strong: { after: ["insert into jobs values (1, 'new', 1), (2, 'new', 1)"], fails: '23505' },
  },
  {
    operator: 'sql-statement-dropped',
    source: 'alter table jobs add check (age > 0);',
    weak: { after: ["insert into jobs values (1, 'new', 1) returning id"], rows: [{ id: 1 }] },
    strong: { after: ["insert into jobs values (1, 'new', 0)"], fails: '23514' },
  },
  {
    operator: 'sql-action-dropped',
    source: 'alter table jobs add check (age > 0), add check (age < 9)',
    weak: { after: ["insert into jobs values (1, 'new', 9)"], fails: '23514' },
    strong: { after: ["insert into jobs values (1, 'new', 0)"], fails: '23514' },
  },
  {
    operator: 'sql-word-dropped',
    source: 'create table mails (job int references jobs on delete cascade)',
    weak: { after: ['delete from jobs', 'select from mails'], rows: [] },
    strong: {
      before: "insert into jobs values (1, 'new', 1)",
      after: ['insert into mails values (1)', 'delete from jobs', 'select from mails'],
      rows: [],
    },
  },
  {
    operator: 'sql-key-shortened',
    source: 'create table seats (room int, seat int, unique (room, seat))',
    weak: { after: ['insert into seats values (1, 1), (1, 1)'], fails: '23505' },
    strong: {
      after: ['insert into seats values (1, 1), (2, 1) returning room'],
      rows: [{ room: 1 }, { room: 2 }],
    },
  },
  {
    operator: 'sql-policy-loosened',
    source: 'create policy young on jobs as restrictive using (age < 5)',
    weak: {
      before: `${READER} create policy every on jobs using (true);
        alter table jobs enable row level security; insert into jobs values (1, 'new', 1)`,
      after: ['set local role reader', 'select id from jobs'],
      rows: [{ id: 1 }],
    },
    strong: {
      before: `${READER} create policy every on jobs using (true);
        alter table jobs enable row level security; insert into jobs values (1, 'new', 9)`,
      after: ['set local role reader', 'select id from jobs'],
      rows: [],
    },
  },
  {
    operator: 'sql-grant-widened',
    source: 'grant select on jobs to reader',
    weak: {
      before: 'create role reader',
      after: ['set local role reader', 'select id from jobs'],
      rows: [],
    },
    strong: {
      before: 'create role reader',
      after: ['set local role reader', 'delete from jobs'],
      fails: '42501',
    },
  },
  {
    operator: 'sql-search-path-dropped',
    source: `create function count_jobs() returns int language sql set search_path = public
as 'select count(*)::int from jobs'`,
    weak: { after: ['select count_jobs() as jobs'], rows: [{ jobs: 0 }] },
    strong: {
      after: [
        'create schema attic',
        'create table attic.jobs as select 1 as id',
        'set local search_path = attic, public',
        'select count_jobs() as jobs',
      ],
      rows: [{ jobs: 0 }],
    },
  },
  {
    operator: 'sql-view-option-dropped',
    source: 'create view ages with (security_invoker = true) as select age from jobs',
    weak: { after: ['select age from ages'], rows: [] },
    strong: {
      before: 'create role reader',
      after: ['grant select on ages to reader', 'set local role reader', 'select age from ages'],
      fails: '42501',
    },
  },
  {
    operator: 'sql-step-dropped',
    source: `create function keep_old() returns trigger language plpgsql as $$
begin
  if old.age > 3 then raise exception 'it is kept'; end if;
  return old;
end $$;
create trigger keep_old before delete on jobs for each row execute function keep_old();`,
    weak: {
      before: "insert into jobs values (1, 'new', 1)",
      after: ['delete from jobs returning id'],
      rows: [{ id: 1 }],
    },
    strong: {
      before: "insert into jobs values (1, 'new', 5)",
      after: ['delete from jobs'],
      fails: 'P0001',
    },
  },
];
