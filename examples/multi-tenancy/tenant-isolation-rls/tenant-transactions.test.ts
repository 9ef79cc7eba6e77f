import { readFile } from 'node:fs/promises';
import { openPool } from '@touchstone/kit/postgres/database';
import { startPgBouncer } from '@touchstone/kit/postgres/pgbouncer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createJobQueue } from '../../jobs/background-jobs/job-queue.ts';
import type { Queryable } from '../../postgres/transactions-and-locking/queryable.ts';
import { findIsolationGaps } from './isolation-gaps.ts';
import {
  createTenantTransactions,
  type InTenant,
  type Query,
} from './tenant-transactions.ts';
import { REVIEWED } from './tenants.ts';
import { startTestDatabase } from './test-app.ts';

describe('a transaction of a tenant', () => {
  it('commits what the work did, and gives its result', async () => {
    await using database = await startTestDatabase();
    const { tenantId } = await database.signUp('Acme');

    const result = await database.inTenant(
      tenantId,
      async ({ query }) => {
        await query(
          `insert into projects (slug, name) values ('a', 'A')`,
        );
        return 'done';
      },
    );

    expect(result).toBe('done');
    expect(await database.inTenant(tenantId, list)).toEqual(['a']);
  });

  it('takes a query as text, or as an object that has its values', async () => {
    await using database = await startTestDatabase();
    const { tenantId } = await database.signUp('Acme');
    const text = 'insert into projects (slug, name) values ($1, $1)';

    await database.inTenant(tenantId, async ({ query }) => {
      await query(text, ['a']);
      await query({ text, values: ['b'] });
    });

    const seen = await database.inTenant(tenantId, list);
    expect(seen).toEqual(['a', 'b']);
  });

  it('takes back all of it when the work throws', async () => {
    await using database = await startTestDatabase();
    const { tenantId } = await database.signUp('Acme');

    const failed = database.inTenant(tenantId, async ({ query }) => {
      await query(
        `insert into projects (slug, name) values ('a', 'A')`,
      );
      throw new Error('no');
    });

    await expect(failed).rejects.toThrow('no');
    expect(await database.inTenant(tenantId, list)).toEqual([]);
  });

  it('closes a connection that breaks, and goes on with another', async () => {
    await using database = await startTestDatabase({ connections: 1 });
    const { tenantId } = await database.signUp('Acme');

    const broken = database.inTenant(tenantId, ({ query }) =>
      query('select pg_terminate_backend(pg_backend_pid())'),
    );

    await expect(broken).rejects.toThrow();
    expect(await database.inTenant(tenantId, list)).toEqual([]);
  });

  it('closes a connection whose transaction it could not end', async () => {
    await using database = await startTestDatabase();
    const { tenantId } = await database.signUp('Acme');
    const limits = { max: 1, query_timeout: 500 };
    await using app = openPool(database.appUrl, limits);
    const { pool } = app;
    const { inTenant } = createTenantTransactions({ pool });

    // The rollback waits behind it, in vain.
    const stuck = inTenant(tenantId, ({ query }) =>
      query('select pg_sleep(60)'),
    );

    await expect(stuck).rejects.toThrow('Query read timeout');
    expect(await inTenant(tenantId, list)).toEqual([]);
  });
});

describe('a job', () => {
  it('that is enqueued in it commits with it, and is that tenant’s', async () => {
    await using database = await startTestDatabase();
    const { inTenant, pool } = database;
    const acme = await database.signUp('Acme');
    const globex = await database.signUp('Globex');
    await database.asOwner(await readFile(JOBS, 'utf8'));
    await database.asOwner(JOBS_OF_TENANTS);
    const { enqueue } = createJobQueue({ pool });
    const job = { kind: 'greet', payload: {} };

    const failed = inTenant(acme.tenantId, async (tx) => {
      await enqueue(tx, [job]);
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    const ids = await inTenant(acme.tenantId, (tx) =>
      enqueue(tx, [job]),
    );

    expect(ids).toHaveLength(1);
    const count = ({ query }: Queryable) =>
      query('select id from jobs').then(({ rowCount }) => rowCount);
    expect(await inTenant(acme.tenantId, count)).toBe(1);
    expect(await inTenant(globex.tenantId, count)).toBe(0);
    expect(await findIsolationGaps(pool, REVIEWED)).toEqual([]);
  });
});

const JOBS = new URL(
  '../../jobs/background-jobs/schema.sql',
  import.meta.url,
);

/** Each job is one tenant's; a worker reads them in a role of its own. */
const JOBS_OF_TENANTS = `
  alter table jobs
    add column tenant_id uuid not null default current_tenant(),
    enable row level security, force row level security;
  create policy own_rows on jobs
    using (tenant_id = (select current_tenant()));
  grant select, insert, update on jobs to tenancy_app`;

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

type TestDatabase = Awaited<ReturnType<typeof startTestDatabase>>;
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

/** What each tenant lists is after every operation what it alone did. */
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
    const seen = await inTenant(tenantId, async ({ query }) => {
      await perform(operation, query, slug);
      return list({ query });
    }).catch(() => undefined);
    if (seen) expect(seen).toEqual(next);
    expected = next;
    expect(await inTenant(tenantId, list)).toEqual(expected);
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
  query: Query,
  slug: string,
) {
  const insert = () =>
    query('insert into projects (slug, name) values ($1, $1)', [slug]);
  if (operation === 'insert') await insert();
  if (operation === 'rename all')
    await query(`update projects set slug = slug || ''''`);
  if (operation === 'delete all') await query('delete from projects');
  if (operation === 'throw') {
    await insert();
    throw new Error('changed my mind');
  }
  if (operation === 'fail') await query('select 1 / 0');
  if (operation === 'swallow') {
    await insert();
    await query('select 1 / 0').catch(() => {});
  }
}

async function list({ query }: Queryable): Promise<string[]> {
  const { rows } = await query<{ slug: string }>(
    'select slug from projects',
  );
  return rows.map(({ slug }) => slug).sort();
}
