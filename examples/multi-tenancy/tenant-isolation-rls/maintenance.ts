import { escapeIdentifier, type Pool } from 'pg';
import type { Work } from '../../postgres/transactions-and-locking/in-transaction.ts';
import type { InTenant } from './tenant-transactions.ts';

type Services = {
  /** A pool of the role that policies do not bind. */
  maintenance: Pool;
  inTenant: InTenant;
  log: { error: (message: string, details: object) => void };
};

// #region for-each-tenant
/** A transaction for each tenant; returns those whose work failed. */
export async function forEachTenant(
  { maintenance, inTenant, log }: Services,
  work: Work<unknown>,
  signal?: AbortSignal,
): Promise<string[]> {
  const { rows } = await maintenance.query<{ id: string }>(
    'select id from tenants order by id',
  );
  const failed: string[] = [];
  for (const { id } of rows) {
    signal?.throwIfAborted();
    await inTenant(id, work, { signal }).catch((error) => {
      log.error('the work of a tenant failed', { tenantId: id, error });
      failed.push(id);
    });
  }
  return failed;
}
// #endregion for-each-tenant

/** Deletes a tenant for good; run it again if it breaks off. `tables` have a `tenant_id`, those that refer to others come first. */
export async function deleteTenant(
  maintenance: Pool,
  tenantId: string,
  { tables, batch = 1000 }: { tables: string[]; batch?: number },
): Promise<void> {
  for (const table of tables.map(escapeIdentifier)) {
    // Small transactions: one for all rows would hold its locks long.
    const query = `
      delete from ${table}
      where tenant_id = $1
        and ctid = any (array(
          select ctid from ${table} where tenant_id = $1 limit $2))`;
    let deleted: number | null;
    do {
      const result = await maintenance.query(query, [tenantId, batch]);
      deleted = result.rowCount;
    } while (deleted);
  }
  await maintenance.query('delete from tenants where id = $1', [
    tenantId,
  ]);
}
