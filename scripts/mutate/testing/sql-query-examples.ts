/** An operator, a statement, and one that it makes of it. */
export type SqlExample = [operator: string, from: string, to: string];

/** What the operators make of queries. */
export const SQL_QUERY_EXAMPLES: SqlExample[] = [
  ['sql-condition-dropped', 'select a from t where b and c', 'select a from t where true and c'],
  ['sql-condition-dropped', 'select a from t where b or c', 'select a from t where false or c'],
  [
    'sql-condition-dropped',
    'select a from t where b = $1',
    'select a from t where (b = $1 or true)',
  ],
  [
    'sql-condition-dropped',
    'select a from t where a between 1 and 2 and c',
    'select a from t where true and c',
  ],
  [
    'sql-condition-dropped',
    'select a from t where a and (b or c)',
    'select a from t where a and (b or false)',
  ],
  [
    'sql-condition-dropped',
    'select a from t join u on t.id = u.id and u.open where true',
    'select a from t join u on t.id = u.id and true where true',
  ],
  ['sql-comparison-boundary', 'select a from t where a <= 1', 'select a from t where a < 1'],
  [
    'sql-null-test-negated',
    'select a from t where b is null',
    'select a from t where b is not null',
  ],
  [
    'sql-condition-dropped',
    'select case when a and b then 1 end from t',
    'select case when a and true then 1 end from t',
  ],
  [
    'sql-null-safety-dropped',
    'select a from t where a is not distinct from b',
    'select a from t where a = b',
  ],
  ['sql-exists-negated', 'select exists (select 1)', 'select not exists (select 1)'],
  ['sql-exists-negated', 'select not exists (select 1)', 'select exists (select 1)'],
  ['sql-any-swapped', 'select 1 = any ($1)', 'select 1 = all ($1)'],
  ['sql-list-shortened', 'select a from t where a in (1, 2)', 'select a from t where a in (1)'],
  ['sql-lock-dropped', 'select a from t for update skip locked', 'select a from t for update '],
  ['sql-lock-dropped', 'select a from t for no key update', 'select a from t '],
  ['sql-distinct-dropped', 'select distinct a from t', 'select  a from t'],
  ['sql-distinct-dropped', 'select distinct on (a) a, b from t', 'select  a, b from t'],
  ['sql-limit-dropped', 'select a from t limit $1', 'select a from t limit (null::bigint + $1)'],
  ['sql-order-changed', 'select a from t order by a, b', 'select a from t order by a desc, b'],
  ['sql-order-changed', 'select a from t order by a, b', 'select a from t order by  b'],
  ['sql-order-changed', 'select a from t order by a desc', 'select a from t order by a asc'],
  ['sql-order-changed', 'select a from t order by a limit 1', 'select a from t  limit 1'],
  [
    'sql-order-changed',
    'select a from t order by a nulls first',
    'select a from t order by a nulls last',
  ],
  [
    'sql-conflict-changed',
    'insert into t values (1) on conflict (a) do update set b = 2 returning b',
    'insert into t values (1) on conflict (a) do nothing returning b',
  ],
  [
    'sql-conflict-changed',
    'insert into t values (1) on conflict do nothing',
    'insert into t values (1) ',
  ],
  [
    'sql-join-changed',
    'select a from t left join u using (id)',
    'select a from t join u using (id)',
  ],
  [
    'sql-join-changed',
    'select a from t join u using (id)',
    'select a from t left join u using (id)',
  ],
  [
    'sql-join-changed',
    'select a from t left outer join u using (id)',
    'select a from t join u using (id)',
  ],
  ['sql-union-changed', 'select 1 union all select 2', 'select 1 union select 2'],
  ['sql-assignment-dropped', 'update t set a = 1, b = 2', 'update t set  b = 2'],
  ['sql-assignment-dropped', 'update t as x set a = 1', 'update t as x set a = x.a'],
  [
    'sql-assignment-dropped',
    'update t set a = $1, b = 2',
    'update t set a = case when true then t.a else $1 end, b = 2',
  ],
  [
    'sql-assignment-dropped',
    'insert into s.t as x values (1) on conflict (a) do update set b = 2',
    'insert into s.t as x values (1) on conflict (a) do update set b = x.b',
  ],
  ['sql-notify-dropped', "select pg_notify('a', '')", 'select null'],
  ['sql-first-argument', 'select coalesce(a, 0) from t', 'select a from t'],
  ['sql-function-swapped', 'select min(a) from t', 'select max(a) from t'],
  ['sql-sign-swapped', 'select a + 1 from t', 'select a - 1 from t'],
  ['sql-number-nudged', 'select a from t where a = 3', 'select a from t where a = 4'],
  ['sql-number-nudged', 'select a from t where a = 30', 'select a from t where a = 300'],
  ['sql-duration-nudged', "select interval '5 s'", "select interval '50 s'"],
  ['sql-boolean-flipped', 'select true', 'select false'],
  ['sql-string-changed', "select a from t where b = 'done'", "select a from t where b = 'done_'"],
];
