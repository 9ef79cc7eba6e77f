import type { IncomingMessage } from 'node:http';
import type { Pool } from 'pg';

type Options = { pool: Pool; write?: (line: string) => void };

/** The tempting way: the id is taken as it comes, and written everywhere. */
export function createNaiveTracing({
  pool,
  write = console.log,
}: Options) {
  // #region naive-tracing
  let requestId = '';

  function begin({ headers }: Pick<IncomingMessage, 'headers'>) {
    requestId = `${headers['x-request-id']}`;
  }

  const log = (message: string) => write(`[${requestId}] ${message}`);

  const query = (sql: string) =>
    pool.query(`${sql} /* request ${requestId} */`);
  // #endregion naive-tracing

  return { begin, log, query };
}
