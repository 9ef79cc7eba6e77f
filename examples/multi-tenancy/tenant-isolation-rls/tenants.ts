import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import type { InTenant } from './tenant-transactions.ts';

/** What may cross tenants: a person has read each of them with that in mind. */
export const REVIEWED = ['find_tenant(bytea)', 'api_keys_pkey'];

/** Tenants and the keys that their programs show. */
export function createTenants({
  pool,
  inTenant,
}: {
  pool: Pool;
  inTenant: InTenant;
}) {
  /** A new tenant is made from inside itself: no right above it is needed. */
  async function signUp(name: string) {
    const tenantId = randomUUID();
    const apiKey = randomBytes(32).toString('base64url');
    await inTenant(tenantId, async ({ query }) => {
      await query('insert into tenants (id, name) values ($1, $2)', [
        tenantId,
        name,
      ]);
      await query('insert into api_keys (hash) values ($1)', [
        hash(apiKey),
      ]);
    });
    return { tenantId, apiKey };
  }

  async function findTenant(apiKey: string) {
    const { rows } = await pool.query<{ id: string | null }>(
      'select find_tenant($1) as id',
      [hash(apiKey)],
    );
    return rows[0]?.id ?? undefined;
  }

  return { signUp, findTenant };
}

/** 256 random bits need no salt and no slow hash. */
function hash(apiKey: string): Buffer {
  return createHash('sha256').update(apiKey).digest();
}
