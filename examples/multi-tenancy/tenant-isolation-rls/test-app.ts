import { randomBytes } from 'node:crypto';
import { listen } from '@touchstone/kit/app/http';
import { openPool } from '@touchstone/kit/postgres/database';
import { startPostgres } from '@touchstone/kit/postgres/server';
import { createApp } from './app.ts';
import { provision, runIn } from './provision.ts';
import { createTenantTransactions } from './tenant-transactions.ts';
import { createTenants } from './tenants.ts';
import { createClient } from './test-client.ts';

type Options = {
  /** Connections of the application's pool. */
  connections?: number;
  /** Commits reach the disk, as a bench needs it. */
  durable?: boolean;
};

/** A database of this caller's alone, with a pool that logs in as the application does. */
export async function startTestDatabase(options: Options = {}) {
  const { connections = 3, durable = false } = options;
  const server = await findServer(durable);
  const name = `tenancy_${randomBytes(6).toString('hex')}`;
  const database = await provision(server.url, name);
  const app = openPool(database.appUrl, { max: connections });
  const { pool } = app;
  const { inTenant } = createTenantTransactions({ pool });
  const { signUp } = createTenants({ pool, inTenant });

  async function dispose() {
    await app[Symbol.asyncDispose]();
    await runIn(server.url, (admin) =>
      admin.query(`drop database ${name} with (force)`),
    );
    await server.stop();
  }

  return {
    ...database,
    pool,
    inTenant,
    signUp,
    asAdmin: (sql: string) =>
      runIn(database.adminUrl, (client) => client.query(sql)),
    asOwner: (sql: string) =>
      runIn(database.ownerUrl, (client) => client.query(sql)),
    [Symbol.asyncDispose]: dispose,
  };
}

/** The app on a socket and a database of its own. */
export async function startTestApp() {
  const database = await startTestDatabase();
  const { pool } = database;
  const server = await listen(createApp({ pool, log: console }));

  async function dispose() {
    await server[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  }

  return {
    ...database,
    ...createClient(server.url),
    [Symbol.asyncDispose]: dispose,
  };
}

/** Tests share the server of their run; a demo or a bench starts its own. */
async function findServer(durable: boolean) {
  const shared =
    process.env.DATABASE_URL ?? process.env.TOUCHSTONE_POSTGRES;
  if (shared && !durable) return { url: shared, stop: async () => {} };
  const server = await startPostgres({ durable });
  const stop = async () => server[Symbol.asyncDispose]();
  return { url: server.url, stop };
}
