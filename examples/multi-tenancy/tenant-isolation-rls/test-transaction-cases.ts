import { openPool } from '@touchstone/kit/postgres/database';
import { startPgBouncer } from '@touchstone/kit/postgres/pgbouncer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inTransaction } from '../../postgres/transactions-and-locking/in-transaction.ts';
import type { Queryable } from '../../postgres/transactions-and-locking/queryable.ts';
import {
  createTenantTransactions,
  enterTenant,
  type InTenant,
} from './tenant-transactions.ts';
import {
  addProject,
  listSlugs,
  startTestDatabase,
  startTwoTenants,
  type TestDatabase,
} from './test-app.ts';

describe('a transaction of a tenant', () => {
  it('commits what the work did, and gives its result', async () => {
    await using database = await startTestDatabase();
    const { tenantId } = await database.signUp('Acme');

    const result = await database.inTenant(tenantId, async (tx) => {
      await addProject(tx, 'a');
      return 'done';
    });

    expect(result).toBe('done');
    expect(await database.inTenant(tenantId, listSlugs)).toEqual(['a']);
  });

  it('takes a query as text, or as an object that has its values', async () => {
    await using database = await startTestDatabase();
    const { tenantId } = await database.signUp('Acme');
    const text = 'insert into projects (slug, name) values ($1, $1)';

    await database.inTenant(tenantId, async ({ query }) => {
      await query(text, ['a']);
      await query({ text, values: ['b'] });
    });

    const seen = await database.inTenant(tenantId, listSlugs);
    expect(seen).toEqual(['a', 'b']);
  });

  it('passes its options and its signal on', async () => {
    await using database = await startTestDatabase();
    const { tenantId } = await database.signUp('Acme');

    const level = await database.inTenant(
      tenantId,
      async ({ query }, signal) => {
        expect(signal.aborted).toBe(false);
        const { rows } = await query('show transaction_isolation');
        return rows;
      },
      { isolation: 'serializable' },
    );

    expect(level).toEqual([{ transaction_isolation: 'serializable' }]);
  });

  it('takes no text for a tenant but a UUID', async () => {
    await using database = await startTestDatabase();
    const { inTenant } = database;
    const { tenantId } = await database.signUp('Acme');
    const part = fc.string({ minLength: 1 });
    const almost = fc.oneof(
      fc.string(),
      part.map((after) => tenantId + after),
      part.map((before) => before + tenantId),
      fc.constantFrom(undefined, `${tenantId}\n`, `'; select '`),
      fc.integer({ min: 0, max: 35 }).map((at) => cut(tenantId, at)),
      fc.integer({ min: 0, max: 36 }).map((at) => grow(tenantId, at)),
      fc.constant(tenantId.replace(/-\w{4}-/, '$&0000-')),
    );

    await fc.assert(
      fc.asyncProperty(almost, async (text) => {
        await expect(inTenant(text, listSlugs)).rejects.toMatchObject({
          name: 'TenantError',
          code: 'tenant_required',
          message: 'Pass the UUID of a tenant',
        });
      }),
    );
    for (const id of [tenantId, tenantId.toUpperCase()])
      expect(await inTenant(id, listSlugs)).toEqual([]);
    expect(database.pool.totalCount).toBe(1);
  });
});

it('enters a transaction that something else opened, until it ends', async () => {
  await using database = await startTwoTenants({ connections: 1 });
  const { acme, globex, pool } = database;
  const { seen, faults } = await inTransaction(pool, {}, async (tx) => {
    const faults = await Promise.allSettled([
      enterTenant(tx, undefined),
      enterTenant(tx, `${acme}'`),
    ]);
    const ofAcme = await listSlugs(await enterTenant(tx, acme));
    const entered = await enterTenant(tx, globex);
    const seen = { ofAcme, ofGlobex: await listSlugs(entered) };
    const two = { text: 'select 1; select 2', queryMode: undefined };
    for (const statement of [two.text, two]) {
      await tx.query('savepoint before');
      await expect(entered.query(statement)).rejects.toMatchObject({
        code: '42601',
      });
      await tx.query('rollback to before');
    }
    return { seen, faults };
  });

  expect(seen).toEqual({ ofAcme: ['acme'], ofGlobex: ['globex'] });
  for (const fault of faults)
    expect(fault).toMatchObject({
      reason: { code: 'tenant_required' },
    });
  const { rows } = await pool.query('select slug from projects');
  expect(rows).toEqual([]);
});

it('a second transaction inside that of a tenant is refused at once, and empties no pool', async () => {
  await using database = await startTwoTenants({ connections: 2 });
  const { acme, globex, inTenant } = database;
  const nest = () => inTenant(acme, () => inTenant(globex, listSlugs));

  const ends = await Promise.allSettled([nest(), nest(), nest()]);

  for (const end of ends)
    expect(end).toMatchObject({
      status: 'rejected',
      reason: { code: 'nested' },
    });
  expect(await inTenant(acme, listSlugs)).toEqual(['acme']);
});

it('a plan that is kept asks for the tenant at each execution', async () => {
  await using database = await startTwoTenants();
  const { acme, globex } = database;
  const client = await database.pool.connect();
  const list = async (tenantId: string) => {
    await client.query(
      `begin; set local app.tenant_id = '${tenantId}'`,
    );
    const { rows } = await client.query({
      name: 'list',
      text: 'select slug from projects',
    });
    await client.query('commit');
    return rows;
  };

  const rounds = [];
  for (const tenant of [acme, acme, globex, acme])
    rounds.push(await list(tenant));
  const { rows: plans } = await client.query(
    `select generic_plans > 0 as kept from pg_prepared_statements`,
  );
  client.release();

  expect(rounds.flat().map(({ slug }) => slug)).toEqual([
    'acme',
    'acme',
    'globex',
    'acme',
  ]);
  expect(plans).toEqual([{ kept: true }]);
});

/** With one digit more at this place. */
const grow = (text: string, at: number) =>
  `${text.slice(0, at)}0${text.slice(at)}`;

/** Without the character at this place. */
const cut = (text: string, at: number) =>
  text.slice(0, at) + text.slice(at + 1);

describe('random operations of six tenants at once', () => {
  it('never see a foreign row, on a pool of three connections', async () => {
    await using database = await startTestDatabase({ connections: 3 });

    await checkIsolation(database, database.inTenant);
  });

  it('never see a foreign row, on two connections of PgBouncer', async () => {
    await using database = await startTestDatabase();
    await using bouncer = await startPgBouncer({
      databaseUrl: database.appUrl,
      poolSize: 2,
    });
    await using app = openPool(bouncer.url, { max: 4 });

    await checkIsolation(
      database,
      createTenantTransactions(app).inTenant,
    );
  });
});

type Operation = (typeof OPERATIONS)[number];

/** None of them names a tenant: each is for all rows that it can see. */
const OPERATIONS = [
  'insert',
  'rename all',
  'delete all',
  'throw',
  'fail',
  'swallow',
] as const;

/** After every operation, each tenant lists exactly what it did itself. */
async function checkIsolation(
  { signUp }: TestDatabase,
  inTenant: InTenant,
) {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const tenants = await Promise.all(names.map(signUp));
  const steps = fc.array(fc.constantFrom(...OPERATIONS), {
    maxLength: 8,
  });
  const plans = fc.tuple(...names.map(() => steps));

  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      await Promise.all(
        tenants.map(async ({ tenantId }, index) => {
          const run = createModel(tenantId, inTenant);
          for (const step of plan[index] ?? []) await run(step);
          await run('delete all');
        }),
      );
    }),
    { numRuns: 40 },
  );
}

function createModel(tenantId: string, inTenant: InTenant) {
  let expected: string[] = [];
  let count = 0;

  return async function run(operation: Operation) {
    const slug = `${tenantId}-${count++}`;
    const next = apply(operation, expected, slug);
    const seen = await inTenant(tenantId, async (tx) => {
      await perform(operation, tx, slug);
      return listSlugs(tx);
    }).catch(() => undefined);
    if (seen) expect(seen).toEqual(next);
    expected = next;
    expect(await inTenant(tenantId, listSlugs)).toEqual(expected);
  };
}

function apply(operation: Operation, slugs: string[], slug: string) {
  if (operation === 'insert') return [...slugs, slug].sort();
  if (operation === 'delete all') return [];
  if (operation === 'rename all')
    return slugs.map((old) => `${old}'`).sort();
  return slugs;
}

async function perform(
  operation: Operation,
  tx: Queryable,
  slug: string,
) {
  const { query } = tx;
  if (operation === 'insert') await addProject(tx, slug);
  if (operation === 'rename all')
    await query(`update projects set slug = slug || ''''`);
  if (operation === 'delete all') await query('delete from projects');
  if (operation === 'throw') {
    await addProject(tx, slug);
    throw new Error('changed my mind');
  }
  if (operation === 'fail') await query('select 1 / 0');
  if (operation === 'swallow') {
    await addProject(tx, slug);
    await query('select 1 / 0').catch(() => {});
  }
}
