import { expect, it } from 'vitest';
import { createWebhookInbox } from '../../examples/integrations/webhook-receiving/webhook-inbox.ts';
import { createJobQueue } from '../../examples/jobs/background-jobs/job-queue.ts';
import { openPool } from '../../examples/kit/postgres/database.ts';
import { startPostgres } from '../../examples/kit/postgres/server.ts';
import { buildTestLibrary, makeProject } from '../testing/test-library.ts';
import { applyPlan } from './apply-plan.ts';
import { planAdd } from './plan-add.ts';

const PATTERNS = [
  'integrations/webhook-receiving',
  'auth/refresh-token-rotation',
  'multi-tenancy/tenant-isolation-rls',
];

it('four patterns apply in the order and with the roles that are said, and then the app has its rights', async () => {
  using place = makeProject();
  using built = buildTestLibrary();
  const plan = planAdd(built.library, place.project, PATTERNS);
  applyPlan(built.library, place.project, plan);
  const said = plan.next.join('\n');
  await using server = await startPostgres();
  const openAs = (role: string) => openPool(`${server.url}?options=-c%20role%3D${role}`);
  await using admin = openPool(server.url);

  const steps = [...said.matchAll(/(migrations\/\w+\.sql)(?: \((.+?)\))?/g)];
  for (const [, path = '', by = ''] of steps) {
    const sql = place.project.read(path) ?? '';
    if (by.startsWith('run by a superuser')) await admin.pool.query(sql);
    else {
      await using owner = openAs('tenancy_owner');
      await owner.pool.query(`create table if not exists users (id uuid primary key);\n${sql}`);
    }
  }
  expect(steps.map(([, , by]) => by)).toEqual([
    'run by a superuser in the new database, before the schema',
    undefined,
    undefined,
    undefined,
    'applied by tenancy_owner, never by a superuser',
  ]);
  const [, tables] = /needs select, insert, update and delete on (.+)\./.exec(said) ?? [];
  await admin.pool.query(`grant select, insert, update, delete on ${tables} to tenancy_app`);

  await using app = openAs('tenancy_app');
  const queue = createJobQueue(app);
  const inbox = createWebhookInbox({ ...app, queue });
  await inbox.accept({ source: 'acme', id: 'msg_1', body: Buffer.from('{}') });
  const { rows } = await app.pool.query('select kind from jobs');
  const [job] = await queue.claim([rows[0].kind], 1, 60);
  if (job) await queue.complete(app.pool, job);
  expect((await app.pool.query('select from jobs')).rowCount).toBe(0);
  await app.pool.query('delete from refresh_tokens; delete from refresh_families');
});
