import type { QueryConfig, QueryResult, QueryResultRow } from 'pg';

/** What pg takes, and its types leave out `queryMode`: extended refuses a second statement behind a `;`. */
export type Statement = QueryConfig<unknown[]> & {
  queryMode?: 'extended' | undefined;
};

/** Runs SQL: a pool, a client and the `tx` of `inTransaction` all fit. */
export type Queryable = {
  query<Row extends QueryResultRow = Record<string, unknown>>(
    statement: string | Statement,
    values?: readonly unknown[],
  ): Promise<QueryResult<Row>>;
};
