import type { Pool } from 'pg';

/** The tempting way: every query must name the tenant. */
export function createNaiveProjects({ pool }: { pool: Pool }) {
  const create = (tenantId: string, slug: string, name: string) =>
    pool.query(
      `insert into projects (tenant_id, slug, name)
       values ($1, $2, $3)`,
      [tenantId, slug, name],
    );

  // #region naive-search
  async function search(tenantId: string, text: string) {
    const { rows } = await pool.query(
      `select slug, name from projects
       where tenant_id = $1
         and name ilike $2 or slug ilike $2`,
      [tenantId, `%${text}%`],
    );
    return rows;
  }
  // #endregion naive-search

  return { create, search };
}

/** The tempting way with policies: the setting stays on the connection, which the next client gets. */
export async function enterForSession(pool: Pool, tenantId: string) {
  await pool.query(`set app.tenant_id = '${tenantId}'`);
}
