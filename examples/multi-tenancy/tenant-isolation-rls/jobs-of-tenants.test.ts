import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { createJobQueue } from '../../jobs/background-jobs/job-queue.ts';
import type { Queryable } from '../../postgres/transactions-and-locking/queryable.ts';
import { findIsolationGaps } from './isolation-gaps.ts';
import { REVIEWED } from './tenants.ts';
import { startTestDatabase } from './test-app.ts';

it('a job that is enqueued for a tenant commits with its data, and is that tenant’s', async () => {
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
  const ids = await inTenant(acme.tenantId, (tx) => enqueue(tx, [job]));

  expect(ids).toHaveLength(1);
  const count = ({ query }: Queryable) =>
    query('select id from jobs').then(({ rowCount }) => rowCount);
  expect(await inTenant(acme.tenantId, count)).toBe(1);
  expect(await inTenant(globex.tenantId, count)).toBe(0);
  const keys = ['jobs_pkey', 'one_waiting_job_a_key'];
  const reviewed = [...REVIEWED, ...keys];
  expect(await findIsolationGaps(pool, reviewed)).toEqual([]);
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
