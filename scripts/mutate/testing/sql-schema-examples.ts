import type { SqlExample } from './sql-query-examples.ts';

/** A trigger function with these steps. */
export function inBody(steps: string): string {
  return `create function f() returns trigger language plpgsql as $$ declare x int; begin ${steps} end $$`;
}

/** What the operators make of a schema, and of the bodies of functions. */
export const SQL_SCHEMA_EXAMPLES: SqlExample[] = [
  [
    'sql-condition-dropped',
    'create policy p on t using (a) with check (b and c)',
    'create policy p on t using (true) with check (b and c)',
  ],
  [
    'sql-condition-dropped',
    'create policy p on t for insert with check (a)',
    'create policy p on t for insert with check (true)',
  ],
  [
    'sql-condition-dropped',
    'create trigger g after update on t for each row when (old.a < new.a) execute function f()',
    'create trigger g after update on t for each row when (true) execute function f()',
  ],
  [
    'sql-constraint-dropped',
    'create table t (a int not null, b int)',
    'create table t (a int , b int)',
  ],
  [
    'sql-constraint-dropped',
    'create table t (a int, b int, unique (a, b))',
    'create table t (a int, b int)',
  ],
  [
    'sql-constraint-dropped',
    'create table t (a int references u on delete cascade check (a > 0))',
    'create table t (a int references u on delete cascade )',
  ],
  ['sql-unique-index-dropped', 'create unique index i on t (a)', 'create  index i on t (a)'],
  [
    'sql-statement-dropped',
    'create table t (a int); create index i on t (a)',
    'create table t (a int); ',
  ],
  [
    'sql-action-dropped',
    'alter table t enable row level security, force row level security',
    'alter table t enable row level security',
  ],
  [
    'sql-key-shortened',
    'create table t (a int, b int, primary key (a, b))',
    'create table t (a int, b int, primary key ( b))',
  ],
  ['sql-key-shortened', 'create unique index i on t (a, b)', 'create unique index i on t (a)'],
  ['sql-word-dropped', 'create index concurrently i on t (a)', 'create index  i on t (a)'],
  [
    'sql-policy-loosened',
    'create policy p on t as restrictive using (a)',
    'create policy p on t as permissive using (a)',
  ],
  [
    'sql-policy-loosened',
    'create policy p on t for select to r using (a)',
    'create policy p on t  to r using (a)',
  ],
  [
    'sql-policy-loosened',
    'create policy p on t for select to r using (a)',
    'create policy p on t for select  using (a)',
  ],
  ['sql-grant-widened', 'grant select, insert on t to r', 'grant all on t to r'],
  [
    'sql-view-option-dropped',
    'create view v with (security_invoker) as select a from t',
    'create view v  as select a from t',
  ],
  [
    'sql-search-path-dropped',
    "create function f() returns int language sql set search_path = '' as 'select 1'",
    "create function f() returns int language sql  as 'select 1'",
  ],
  [
    'sql-step-dropped',
    inBody("if a then raise exception 'b'; end if;"),
    inBody('if a then  end if;'),
  ],
  ['sql-step-dropped', inBody('new.a := 1; return new;'), inBody(' return new;')],
  [
    'sql-condition-dropped',
    inBody('if a and b then x := 1; end if;'),
    inBody('if a and true then x := 1; end if;'),
  ],
  [
    'sql-condition-dropped',
    inBody('loop exit when a; end loop;'),
    inBody('loop exit when true; end loop;'),
  ],
];
