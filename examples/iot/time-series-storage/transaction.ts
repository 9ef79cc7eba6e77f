import type { ClientBase, Pool } from 'pg';

/** Commits what the work did, or nothing of it, and returns its result. */
export async function inTransaction<T>(
  pool: Pool,
  work: (client: ClientBase) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  // Without a listener, a connection that breaks ends the process.
  const ignore = () => {};
  client.on('error', ignore);
  let broken = true;
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    broken = false;
    return result;
  } finally {
    client.off('error', ignore);
    client.release(broken); // closed, and Postgres rolls back
  }
}
