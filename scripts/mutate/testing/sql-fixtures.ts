import type { OperatorFixture } from './operator-fixture.ts';
import type { Surroundings } from './run-sql.ts';
import { SQL_QUERY_FIXTURES } from './sql-query-fixtures.ts';
import { SQL_SCHEMA_FIXTURES } from './sql-schema-fixtures.ts';

/** What the last statement answers, or the SQLSTATE with which one fails. */
type Answer = { rows: object[] } | { fails: string };

/** An SQL file, and the surroundings in which a change to it does not show, and does. */
export type SqlFixture = {
  operator: string;
  source: string;
  weak: Surroundings & Answer;
  strong: Surroundings & Answer;
};

/** Before each file there is an empty table `jobs`. */
const JOBS = 'create table jobs (id int primary key, state text, age int);';

/** A fixture for each operator of SQL. */
export const SQL_FIXTURES: OperatorFixture[] = [...SQL_QUERY_FIXTURES, ...SQL_SCHEMA_FIXTURES].map(
  ({ operator, source, weak, strong }) => ({
    operator,
    path: `${operator}.sql`,
    source,
    weak: writeTest(weak),
    strong: writeTest(strong),
  }),
);

function writeTest({ before = '', after = [], ...answer }: Surroundings & Answer): string {
  const surroundings = JSON.stringify({ before: JOBS + before, after });
  const run = `runSql(subject, ${surroundings})`;
  return 'fails' in answer
    ? `await expect(${run}).rejects.toMatchObject({ code: '${answer.fails}' });`
    : `expect(await ${run}).toEqual(${JSON.stringify(answer.rows)});`;
}
