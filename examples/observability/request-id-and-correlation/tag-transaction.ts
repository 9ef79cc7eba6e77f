import { readCorrelation } from './correlation.ts';

/** A client that is inside a transaction. */
export type TransactionClient = {
  query: (text: string, values: string[]) => Promise<unknown>;
};

/** Shows the trace in pg_stat_activity and the server's log until the transaction ends. */
// #region tag-transaction
export async function tagTransaction(
  client: TransactionClient,
  service: string,
): Promise<void> {
  const correlation = readCorrelation();
  if (!correlation) return;
  // A parameter cannot inject, and the text stays the same: a comment
  // would make a statement of its own of each request. Postgres keeps
  // 63 bytes, and the id takes 33 of them.
  const name = `${service.slice(0, 30)}:${correlation.trace.traceId}`;
  await client.query(
    `select set_config('application_name', $1, true)`,
    [name],
  );
}
// #endregion tag-transaction
