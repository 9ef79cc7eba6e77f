import type { SqlFixture } from './sql-fixtures.ts';

/** Fixtures for what a query asks and writes. The table is `jobs (id, state, age)`. */
export const SQL_QUERY_FIXTURES: SqlFixture[] = [
  {
    operator: 'sql-condition-dropped',
    source: "select id from jobs where state = 'new' and age > 3",
    weak: { before: "insert into jobs values (1, 'new', 5)", rows: [{ id: 1 }] },
    strong: { before: "insert into jobs values (1, 'old', 5)", rows: [] },
  },
  {
    operator: 'sql-comparison-boundary',
    source: 'select id from jobs where age > 3',
    weak: { before: "insert into jobs values (1, 'new', 5)", rows: [{ id: 1 }] },
    strong: { before: "insert into jobs values (1, 'new', 3)", rows: [] },
  },
  {
    operator: 'sql-null-test-negated',
    source: 'select id from jobs where state is null or age > 3',
    weak: { before: "insert into jobs values (1, 'new', 5)", rows: [{ id: 1 }] },
    strong: { before: "insert into jobs values (1, 'new', 1)", rows: [] },
  },
  {
    operator: 'sql-null-safety-dropped',
    source: "select id from jobs where state is distinct from 'new'",
    weak: { before: "insert into jobs values (1, 'old', 1)", rows: [{ id: 1 }] },
    strong: { before: 'insert into jobs values (1, null, 1)', rows: [{ id: 1 }] },
  },
  {
    operator: 'sql-exists-negated',
    source: "select id from jobs where age > 3 and exists (select from jobs where state = 'new')",
    weak: { before: "insert into jobs values (1, 'new', 1)", rows: [] },
    strong: { before: "insert into jobs values (1, 'new', 5)", rows: [{ id: 1 }] },
  },
  {
    operator: 'sql-any-swapped',
    source: 'select id from jobs where age = any (array[1, 2])',
    weak: { before: "insert into jobs values (1, 'new', 3)", rows: [] },
    strong: { before: "insert into jobs values (1, 'new', 1)", rows: [{ id: 1 }] },
  },
  {
    operator: 'sql-list-shortened',
    source: "select id from jobs where state in ('new', 'old')",
    weak: { before: "insert into jobs values (1, 'old', 1)", rows: [{ id: 1 }] },
    strong: { before: "insert into jobs values (1, 'new', 1)", rows: [{ id: 1 }] },
  },
  {
    operator: 'sql-lock-dropped',
    source: 'select id from jobs for update',
    weak: { before: "insert into jobs values (1, 'new', 1)", rows: [{ id: 1 }] },
    strong: {
      before: "insert into jobs values (1, 'new', 1)",
      after: ["select xmax <> '0' as locked from jobs"],
      rows: [{ locked: true }],
    },
  },
  {
    operator: 'sql-distinct-dropped',
    source: 'select distinct age from jobs',
    weak: { before: "insert into jobs values (1, 'new', 1)", rows: [{ age: 1 }] },
    strong: {
      before: "insert into jobs values (1, 'new', 1), (2, 'new', 1)",
      rows: [{ age: 1 }],
    },
  },
  {
    operator: 'sql-limit-dropped',
    source: 'select id from jobs order by id limit 1',
    weak: { before: "insert into jobs values (1, 'new', 1)", rows: [{ id: 1 }] },
    strong: { before: "insert into jobs values (1, 'new', 1), (2, 'new', 1)", rows: [{ id: 1 }] },
  },
  {
    operator: 'sql-order-changed',
    source: 'select id from jobs order by age',
    weak: { before: "insert into jobs values (1, 'new', 1)", rows: [{ id: 1 }] },
    strong: {
      before: "insert into jobs values (1, 'new', 2), (2, 'new', 1)",
      rows: [{ id: 2 }, { id: 1 }],
    },
  },
  {
    operator: 'sql-conflict-changed',
    source:
      "insert into jobs values (1, 'old', 1) on conflict (id) do update set state = excluded.state",
    weak: { after: ['select state from jobs'], rows: [{ state: 'old' }] },
    strong: {
      before: "insert into jobs values (1, 'new', 1)",
      after: ['select state from jobs'],
      rows: [{ state: 'old' }],
    },
  },
  {
    operator: 'sql-join-changed',
    source: 'select one.id from jobs one left join jobs other on other.age = one.id',
    weak: { before: "insert into jobs values (1, 'new', 1)", rows: [{ id: 1 }] },
    strong: { before: "insert into jobs values (1, 'new', 2)", rows: [{ id: 1 }] },
  },
  {
    operator: 'sql-union-changed',
    source: 'select count(*)::int as ages from (select age from jobs union select 1) as one_each',
    weak: { before: "insert into jobs values (1, 'new', 2)", rows: [{ ages: 2 }] },
    strong: { before: "insert into jobs values (1, 'new', 1)", rows: [{ ages: 1 }] },
  },
  {
    operator: 'sql-assignment-dropped',
    source: "update jobs set state = 'old' returning state",
    weak: { before: "insert into jobs values (1, 'old', 1)", rows: [{ state: 'old' }] },
    strong: { before: "insert into jobs values (1, 'new', 1)", rows: [{ state: 'old' }] },
  },
  {
    operator: 'sql-row-dropped',
    source: "insert into jobs values (1, 'new', 1), (2, 'new', 1)",
    weak: { after: ['select id from jobs where id = 2'], rows: [{ id: 2 }] },
    strong: { after: ['select id from jobs where id = 1'], rows: [{ id: 1 }] },
  },
  {
    // What it answers is empty, and not null.
    operator: 'sql-notify-dropped',
    source: "select pg_notify('jobs', '') is not null as told",
    weak: { after: ['select 1 as one'], rows: [{ one: 1 }] },
    strong: { rows: [{ told: true }] },
  },
  {
    operator: 'sql-first-argument',
    source: 'select coalesce(age, 0) as age from jobs',
    weak: { before: "insert into jobs values (1, 'new', 1)", rows: [{ age: 1 }] },
    strong: { before: "insert into jobs values (1, 'new', null)", rows: [{ age: 0 }] },
  },
  {
    operator: 'sql-function-swapped',
    source: 'select min(age) as youngest from jobs',
    weak: { before: "insert into jobs values (1, 'new', 1)", rows: [{ youngest: 1 }] },
    strong: {
      before: "insert into jobs values (1, 'new', 1), (2, 'new', 2)",
      rows: [{ youngest: 1 }],
    },
  },
  {
    operator: 'sql-sign-swapped',
    source: 'select age - id as rest from jobs',
    weak: { before: "insert into jobs values (0, 'new', 5)", rows: [{ rest: 5 }] },
    strong: { before: "insert into jobs values (1, 'new', 5)", rows: [{ rest: 4 }] },
  },
  {
    operator: 'sql-number-nudged',
    source: 'select id from jobs where age > 3',
    weak: { before: "insert into jobs values (1, 'new', 5)", rows: [{ id: 1 }] },
    strong: { before: "insert into jobs values (1, 'new', 4)", rows: [{ id: 1 }] },
  },
  {
    operator: 'sql-duration-nudged',
    source: "select id from jobs where make_interval(secs => age) < interval '5 s'",
    weak: { before: "insert into jobs values (1, 'new', 1)", rows: [{ id: 1 }] },
    strong: { before: "insert into jobs values (1, 'new', 9)", rows: [] },
  },
  {
    operator: 'sql-boolean-flipped',
    source: 'select true as open from jobs',
    weak: { rows: [] },
    strong: { before: "insert into jobs values (1, 'new', 1)", rows: [{ open: true }] },
  },
  {
    operator: 'sql-string-changed',
    source: "select id from jobs where state = 'new'",
    weak: { before: "insert into jobs values (1, 'old', 1)", rows: [] },
    strong: { before: "insert into jobs values (1, 'new', 1)", rows: [{ id: 1 }] },
  },
];
