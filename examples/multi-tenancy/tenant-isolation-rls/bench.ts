import {
  type BenchTable,
  type Contender,
  compare,
  operationsPerSecond,
  writeBench,
} from '@touchstone/kit/testing/bench';
import type { Pool } from 'pg';
import { inTransaction } from '../../postgres/transactions-and-locking/in-transaction.ts';
import { fillTables, schemaOf } from './bench-tables.ts';
import { startTestDatabase } from './test-app.ts';

const LOAD = { clients: 8, seconds: 3 };
let software = '';

const tables = [await compareLists(10_000), await compareLists(1)];
writeBench(new URL('bench.json', import.meta.url), {
  id: 'multi-tenancy/tenant-isolation-rls',
  software,
  tables,
});

async function compareLists(tenants: number): Promise<BenchTable> {
  await using database = await startTestDatabase({
    connections: LOAD.clients,
    durable: true,
  });
  const { pool, inTenant } = database;
  const ids = await fillTables(database, tenants);
  const { rows } = await pool.query('show server_version');
  software = `PostgreSQL ${rows[0].server_version}`;

  const measure = createMeasure(ids);
  const list = (table: string) => (tenantId: string) =>
    inTenant(tenantId, ({ query }) => query(newest(table)));
  const byHand = newest('projects_by_hand where tenant_id = $1');

  const contenders: [Contender, ...Contender[]] = [
    measure('this pattern', list('projects')),
    measure(
      '`where` by hand (naive)',
      (tenantId) => pool.query(byHand, [tenantId]),
      'one round trip, not four',
    ),
    measure(
      '`where` by hand, in a transaction',
      (tenantId) => listByHand(pool, tenantId),
      'no policy, the same limits and round trips',
    ),
    measure(
      'schema per tenant',
      (tenantId) => listInSchema(pool, tenantId),
      '`set local search_path`, no policy',
    ),
    measure(
      'this pattern, index on `tenant_id` alone',
      list('projects_by_tenant'),
    ),
    measure(
      'this pattern, index on `created_at` alone',
      list('projects_by_time'),
    ),
  ];
  const many = tenants === 1 ? '1 tenant' : '10,000 tenants';
  return await compare({
    title: `The 10 newest of 100,000 rows, ${many}, ${LOAD.clients} clients at once`,
    unit: 'lists/s',
    better: 'higher',
    contenders,
  });
}

type List = (tenantId: string) => Promise<{ rows: unknown[] }>;

/** Makes contenders that list for one tenant after the other, at random. */
function createMeasure(ids: string[]) {
  return (name: string, list: List, note = ''): Contender => ({
    name,
    ...(note && { note }),
    measure: () =>
      operationsPerSecond(LOAD, async () => {
        const id = ids[Math.floor(Math.random() * ids.length)] ?? '';
        const { rows } = await list(id);
        if (rows.length !== 10) throw new Error(`${name}: not 10 rows`);
      }),
  });
}

function newest(table: string): string {
  return `select slug, name from ${table}
          order by created_at desc
          limit 10`;
}

/** The setting is made, and no policy asks for it. */
function listByHand(pool: Pool, tenantId: string) {
  return inTransaction(pool, async (tx) => {
    await tx.query(`set local app.tenant_id = '${tenantId}'`);
    const byHand = 'projects_by_hand where tenant_id = $1';
    return await tx.query(newest(byHand), [tenantId]);
  });
}

function listInSchema(pool: Pool, tenantId: string) {
  return inTransaction(pool, async (tx) => {
    await tx.query(`set local search_path = ${schemaOf(tenantId)}`);
    return await tx.query(newest('projects'));
  });
}
