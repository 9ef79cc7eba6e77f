import type { QueryConfig, QueryResult, QueryResultRow } from 'pg';

/** Runs SQL: a pool, a client and the `tx` of `inTransaction` all fit. */
export type Queryable = {
  query<Row extends QueryResultRow = Record<string, unknown>>(
    statement: string | QueryConfig<unknown[]>,
    values?: unknown[],
  ): Promise<QueryResult<Row>>;
};
