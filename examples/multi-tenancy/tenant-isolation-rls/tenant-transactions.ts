import type { Pool, PoolClient } from 'pg';
import type { Queryable } from '../../postgres/transactions-and-locking/queryable.ts';

/** Runs one statement inside the transaction of a tenant. */
export type Query = Queryable['query'];

/** Runs work in a transaction in which Postgres shows the rows of one tenant. */
export type InTenant = <T>(
  tenantId: string | undefined,
  work: (tx: Queryable) => Promise<T>,
) => Promise<T>;

/** Work without a tenant, or beyond its transaction: a fault of the program, not of the caller. */
export class TenantError extends Error {
  override readonly name = 'TenantError';
  readonly code: keyof typeof FAULTS;

  constructor(code: keyof typeof FAULTS) {
    super(FAULTS[code]);
    this.code = code;
  }
}

const FAULTS = {
  tenant_required: 'Say whose work it is',
  transaction_ended: 'Await every query inside its transaction',
  rolled_back: 'A query failed, so nothing was committed',
};

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Makes transactions of tenants on a pool whose role cannot bypass the policies. */
export function createTenantTransactions({ pool }: { pool: Pool }) {
  // #region in-tenant
  const inTenant: InTenant = async (tenantId, work) => {
    if (!tenantId || !UUID.test(tenantId))
      throw new TenantError('tenant_required');
    const client = await pool.connect();
    client.on('error', ignore);
    const db: Queryable = client;
    let ended = false;

    const query: Query = async (statement, values) => {
      // The connection may serve another tenant by now.
      if (ended) throw new TenantError('transaction_ended');
      // Extended: Postgres refuses a second statement behind a `;`.
      const one =
        typeof statement === 'string' ? { text: statement } : statement;
      return db.query({ ...one, queryMode: 'extended' }, values);
    };

    try {
      // LOCAL: it ends with the transaction. One message for both.
      await client.query(
        `begin; set local app.tenant_id = '${tenantId}'`,
      );
      const result = await work({ query });
      ended = true;
      await commit(client);
      return result;
    } catch (error) {
      ended = true;
      await rollBack(client);
      throw error;
    }
  };
  // #endregion in-tenant

  return { inTenant };
}

/** A lost connection fails the query under way; with no listener it would end the process too. */
function ignore() {}

/** After an error that the work has swallowed, Postgres answers a commit with ROLLBACK. */
async function commit(client: PoolClient): Promise<void> {
  const { command } = await client.query('commit');
  if (command !== 'COMMIT') throw new TenantError('rolled_back');
  release(client);
}

/** A connection that cannot roll back is closed: nobody else gets it. */
async function rollBack(client: PoolClient): Promise<void> {
  try {
    await client.query('rollback');
    release(client);
  } catch {
    release(client, true);
  }
}

function release(client: PoolClient, isBroken = false): void {
  client.off('error', ignore);
  client.release(isBroken);
}
