import type { Pool } from 'pg';

/** A stock of items. */
export function createItems({ pool }: { pool: Pool }) {
  async function find(id: number) {
    const { rows } = await pool.query<{ id: number; name: string }>(
      'select id, name from items where id = $1',
      [id],
    );
    return rows[0];
  }

  // #region set-local
  /** Counts with more memory; the setting ends with the transaction. */
  async function countAll() {
    const client = await pool.connect();
    try {
      await client.query(`begin; set local work_mem = '64MB'`);
      const { rows } = await client.query<{ count: number }>(
        'select count(*)::int as count from items',
      );
      await client.query('commit');
      return rows[0]?.count;
    } finally {
      client.release(); // in an open transaction, the pool closes it
    }
  }
  // #endregion set-local

  return { find, countAll };
}
