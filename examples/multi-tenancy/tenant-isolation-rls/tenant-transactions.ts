import { escapeLiteral, type Pool } from 'pg';
import {
  inTransaction,
  type TransactionOptions,
  type Work,
} from '../../postgres/transactions-and-locking/in-transaction.ts';
import type { Queryable } from '../../postgres/transactions-and-locking/queryable.ts';

/** Runs work in a transaction in which Postgres shows the rows of one tenant. */
export type InTenant = <T>(
  tenantId: string | undefined,
  work: Work<T>,
  options?: TransactionOptions,
) => Promise<T>;

/** Work without a tenant: a fault of the program, not of its caller. */
export class TenantError extends Error {
  override readonly name = 'TenantError';
  readonly code = 'tenant_required';
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Makes transactions of tenants on a pool whose role cannot bypass the policies. */
export function createTenantTransactions({ pool }: { pool: Pool }) {
  // #region in-tenant
  const inTenant: InTenant = (tenantId, work, options) =>
    inTransaction(pool, options, async (tx, signal) =>
      work(await enterTenant(tx, tenantId), signal),
    );
  // #endregion in-tenant

  return { inTenant };
}

// #region enter-tenant
/** Enters an open transaction, not a pool; work with the result. */
export async function enterTenant(
  tx: Queryable,
  tenantId: string | undefined,
): Promise<Queryable> {
  if (!tenantId || !UUID.test(tenantId))
    throw new TenantError('Pass the UUID of a tenant');
  // LOCAL ends with the transaction. SET takes no parameters.
  await tx.query(
    `set local app.tenant_id = ${escapeLiteral(tenantId)}`,
  );
  return oneStatementEach(tx);
}

/** Extended: Postgres refuses a second statement after a `;`. */
function oneStatementEach(tx: Queryable): Queryable {
  return {
    query: (statement, values) => {
      const one =
        typeof statement === 'string' ? { text: statement } : statement;
      return tx.query({ ...one, queryMode: 'extended' }, values);
    },
  };
}
// #endregion enter-tenant
