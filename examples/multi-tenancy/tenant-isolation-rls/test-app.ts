import { randomBytes } from 'node:crypto';
import { listen } from '@touchstone/kit/app/http';
import { openPool } from '@touchstone/kit/postgres/database';
import { startPostgres } from '@touchstone/kit/postgres/server';
import { createClient } from '@touchstone/kit/testing/client';
import { createTestLog } from '@touchstone/kit/testing/log';
import type { Queryable } from '../../postgres/transactions-and-locking/queryable.ts';
import { openApp } from './open-app.ts';
import { provision, runIn } from './provision.ts';
import { createTenantTransactions } from './tenant-transactions.ts';
import { createTenants } from './tenants.ts';

type Options = {
  /** Connections of the application's pool. */
  connections?: number;
  /** Commits reach the disk, as a bench needs it. */
  durable?: boolean;
};

type Listed = { slug: string; name: string; tasks: number };

export type TestDatabase = Awaited<
  ReturnType<typeof startTestDatabase>
>;

/** A database of this caller's alone, with a pool that logs in as the application does. */
export async function startTestDatabase(options: Options = {}) {
  const { connections = 3, durable = false } = options;
  await using stack = new AsyncDisposableStack();
  const serverUrl = await findServer(stack, durable);
  const name = `tenancy_${randomBytes(6).toString('hex')}`;
  const database = await provision(serverUrl, name);
  stack.defer(async () => {
    const drop = `drop database ${name} with (force)`;
    await runIn(serverUrl, (admin) => admin.query(drop));
  });
  const { pool } = stack.use(
    openPool(database.appUrl, { max: connections }),
  );
  const { inTenant } = createTenantTransactions({ pool });
  const { signUp, findTenant } = createTenants({ pool, inTenant });
  const as = (url: string) => (sql: string) =>
    runIn(url, (client) => client.query(sql));
  const all = stack.move();

  return {
    ...database,
    pool,
    inTenant,
    signUp,
    findTenant,
    asAdmin: as(database.adminUrl),
    asOwner: as(database.ownerUrl),
    asMaintenance: as(database.maintenanceUrl),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** Two tenants with one project each, whose slug says whose it is. */
export async function startTwoTenants(options: Options = {}) {
  const database = await startTestDatabase(options);
  const ids = { acme: '', globex: '' };
  const keys = { acme: '', globex: '' };
  for (const name of ['acme', 'globex'] as const) {
    const { tenantId, apiKey } = await database.signUp(name);
    ids[name] = tenantId;
    keys[name] = apiKey;
    await database.inTenant(tenantId, (tx) => addProject(tx, name));
  }
  return { ...database, ...ids, keys };
}

/** Adds a project whose name is its slug. */
export function addProject({ query }: Queryable, slug: string) {
  return query('insert into projects (slug, name) values ($1, $1)', [
    slug,
  ]);
}

/** The slugs of all projects that the transaction can see. */
export async function listSlugs({ query }: Queryable) {
  const { rows } = await query<{ slug: string }>(
    'select slug from projects order by slug',
  );
  return rows.map(({ slug }) => slug);
}

/** The app on a socket and a database of its own. */
export async function startTestApp() {
  await using stack = new AsyncDisposableStack();
  const { appUrl } = stack.use(await startTestDatabase());
  const log = createTestLog();
  const opened = await openApp({ databaseUrl: appUrl, log });
  const { app } = stack.use(opened);
  const { url } = stack.use(await listen(app));
  const all = stack.move();
  return {
    url,
    log,
    signUp: (name: string) => signUpAt(url, name),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** Signs a tenant up over HTTP, and speaks as it from then on. */
export async function signUpAt(url: string, name: string) {
  const { body } = await createClient(url)('POST', '/tenants', {
    body: { name },
  });
  const send = createClient(url, {
    authorization: `Bearer ${body.apiKey}`,
  });
  return {
    create: (slug: string, name = slug) =>
      send('POST', '/projects', { body: { slug, name } }),
    search: (text = '') =>
      send<Listed[]>(
        'GET',
        `/projects?${new URLSearchParams({ search: text })}`,
      ),
    addTask: (projectId = '', title = 'plan') =>
      send('POST', `/projects/${projectId}/tasks`, { body: { title } }),
    remove: (projectId = '') =>
      send('DELETE', `/projects/${projectId}`),
  };
}

/** Tests share the server of their run; a demo or a bench starts its own. */
async function findServer(
  stack: AsyncDisposableStack,
  durable: boolean,
) {
  const shared =
    process.env.DATABASE_URL ?? process.env.TOUCHSTONE_POSTGRES;
  if (shared && !durable) return shared;
  return stack.use(await startPostgres({ durable })).url;
}
