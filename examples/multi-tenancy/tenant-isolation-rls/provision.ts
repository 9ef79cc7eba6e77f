import { createHash } from 'node:crypto';
import { applySqlFile } from '@touchstone/kit/postgres/sql-file';
import pg from 'pg';

/** One database, as each of its roles reaches it. */
export type TenantDatabase = {
  adminUrl: string;
  ownerUrl: string;
  maintenanceUrl: string;
  appUrl: string;
};

const ROLES = new URL('roles.sql', import.meta.url);
const SCHEMA = new URL('schema.sql', import.meta.url);

/** Makes the database unless it is there: an administrator makes the roles, the owner makes the tables. */
export async function provision(
  serverUrl: string,
  name: string,
): Promise<TenantDatabase> {
  const database = describeDatabase(serverUrl, name);
  const draft = describeDatabase(serverUrl, `${name}_draft`);
  await runIn(serverUrl, async (admin) => {
    // Roles are the whole server's: one program at a time.
    await admin.query(`select pg_advisory_lock(hashtext('tenancy'))`);
    if (await isThere(admin, name)) return;
    await admin.query(`drop database if exists ${name}_draft`);
    await admin.query(`create database ${name}_draft`);
    await runIn(draft.adminUrl, (client) => makeRoles(client, draft));
    await runIn(draft.ownerUrl, (client) =>
      applySqlFile(SCHEMA, client),
    );
    await admin.query(`alter database ${name}_draft rename to ${name}`);
  });
  return database;
}

/** Connects, works and disconnects. */
export async function runIn<T>(
  url: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function makeRoles(
  admin: pg.Client,
  { ownerUrl, maintenanceUrl, appUrl }: TenantDatabase,
) {
  await applySqlFile(ROLES, admin);
  for (const url of [ownerUrl, maintenanceUrl, appUrl]) {
    const { username, password } = new URL(url);
    await admin.query(`alter role ${username} password '${password}'`);
  }
}

async function isThere(admin: pg.Client, name: string) {
  const { rowCount } = await admin.query(
    'select from pg_database where datname = $1',
    [name],
  );
  return rowCount === 1;
}

function describeDatabase(
  serverUrl: string,
  name: string,
): TenantDatabase {
  const urlFor = (role?: string) => {
    const url = new URL(serverUrl);
    url.pathname = name;
    if (!role) return url.href;
    const password = derivePassword(role, url.password);
    return Object.assign(url, { username: role, password }).href;
  };
  return {
    adminUrl: urlFor(),
    ownerUrl: urlFor('tenancy_owner'),
    maintenanceUrl: urlFor('tenancy_maintenance'),
    appUrl: urlFor('tenancy_app'),
  };
}

/** A program that has the administrator's password can derive these; no other can. */
function derivePassword(role: string, adminPassword: string): string {
  return createHash('sha256')
    .update(`${role} ${adminPassword}`)
    .digest('hex');
}
