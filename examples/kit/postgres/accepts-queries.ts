import pg from 'pg';

/** Whether a server answers at the URL: one that still starts accepts a connection, then refuses it. */
export async function acceptsQueries(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    await client.end();
    return true;
  } catch {
    return false;
  }
}
