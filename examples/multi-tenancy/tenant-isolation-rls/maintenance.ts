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
    'select id from tenants',
  );
  const failed: string[] = [];
  for (const { id } of rows) {
    await inTenant(id, work, { signal }).catch((error) => {
      signal?.throwIfAborted();
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
  tables: readonly string[],
): Promise<void> {
  const run = (text: string) => maintenance.query(text, [tenantId]);
  for (const table of tables.map(escapeIdentifier)) {
    const rows = `from ${table} where tenant_id = $1`;
    // Small transactions: one for all rows would hold its locks long.
    const some = `
      delete ${rows} and ctid = any (array(
        select ctid ${rows} limit 1000 for update skip locked))`;
    let isMore = true;
    while (isMore) isMore = Boolean((await run(some)).rowCount);
    // This one waits for the locked rows, wherever an update moves them.
    await run(`delete ${rows}`);
  }
  await run('delete from tenants where id = $1');
}
