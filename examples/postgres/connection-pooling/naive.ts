import { Pool } from 'pg';

// #region naive-pool
/** The tempting way: one limit, on the wrong side. */
export function createNaivePool(connectionString: string): Pool {
  return new Pool({ connectionString, query_timeout: 1000 });
}
// #endregion naive-pool
