import { readCorrelation } from './correlation.ts';

/** What runs SQL inside a transaction. */
type Transaction = {
  query: (text: string, values: string[]) => Promise<unknown>;
};

// #region tag-transaction
/** Shows trace and service in pg_stat_activity and the server's log until the transaction ends. */
export async function tagTransaction(
  tx: Transaction,
  service: string,
): Promise<void> {
  const correlation = readCorrelation();
  if (!correlation) return;
  // The trace first: Postgres keeps 63 bytes of the name, and
  // writes one that is not ASCII as `\xc3`, four for each.
  await tx.query(`select set_config('application_name', $1, true)`, [
    `${correlation.traceId} ${service}`,
  ]);
}
// #endregion tag-transaction
