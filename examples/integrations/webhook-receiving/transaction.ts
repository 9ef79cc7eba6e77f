import type { ClientBase, Pool } from 'pg';

/** Commits what the work wrote, or nothing of it. */
export async function inTransaction(
  pool: Pool,
  work: (client: ClientBase) => Promise<void>,
) {
  const client = await pool.connect();
  // Without a listener, a connection that breaks ends the process.
  const ignore = () => {};
  client.on('error', ignore);
  let broken = true;
  try {
    await client.query('begin');
    await work(client);
    await client.query('commit');
    broken = false;
  } finally {
    client.off('error', ignore);
    client.release(broken); // closed, and Postgres rolls back
  }
}
