import type { Pool } from 'pg';

/** Counts by name; of many who count at once, none is lost. */
export function createHealthChecksAndGracefulShutdown({ pool }: { pool: Pool }) {
  // #region count
  async function count(name: string): Promise<number> {
    const { rows } = await pool.query<{ value: string }>(
      `insert into counters (name, value)
       values ($1, 1)
       on conflict (name) do update
       set value = counters.value + 1
       returning value`,
      [name],
    );
    return Number(rows[0]?.value);
  }
  // #endregion count

  return { count };
}
