import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { noteEvidence, noteService } from '../testing/evidence.ts';
import { startPostgres } from './server.ts';

/** A database and its pool; disposing of it closes the pool and ends whatever was started for it. */
export type Database = AsyncDisposable & { url: string; pool: pg.Pool };

/** A server in which databases can be made, and the role that will own them. */
type Server = {
  adminUrl: string;
  folder?: string;
  role?: Role;
  stop: () => Promise<void>;
};

type Role = { name: string; password: string };

type FreshDatabaseOptions = {
  schema: URL;
  /** Commits reach the disk, as a bench needs it; without it they are faster. */
  durable?: boolean;
};

/** A database of this caller's alone, with the schema in it; dropped when disposed of. */
export async function freshDatabase(options: FreshDatabaseOptions): Promise<Database> {
  const { schema, durable = false } = options;
  const server = durable ? await startServer({ durable }) : await findServer();
  const name = `touchstone_${randomBytes(6).toString('hex')}`;
  const template = await prepareTemplate(server, readFileSync(schema, 'utf8'));
  await runAsAdmin(server, async (admin) => {
    await admin.query(
      `create database ${name} template ${template} strategy file_copy${owner(server)}`,
    );
    const { rows } = await admin.query<{ server_version: string }>('show server_version');
    noteService('Postgres', `${rows[0]?.server_version}`);
  });
  noteEvidence('applied', schema);

  async function close() {
    await runAsAdmin(server, (admin) =>
      admin.query(`drop database if exists ${name} with (force)`),
    );
    await server.stop();
  }
  return openPool(databaseUrl(server, name), { close });
}

/** The database at the URL, or, without one, an embedded server's that keeps its data in the folder. */
export async function openDatabase(options: {
  url: string | undefined;
  schema: URL;
  dataFolder: URL;
}): Promise<Database> {
  const sql = readFileSync(options.schema, 'utf8');
  if (options.url) {
    const fix = 'use another database, or drop the tables of this one';
    await runIn(options.url, (client) => applySchemaOnce(client, sql, fix));
    return openPool(options.url);
  }
  const server = await startServer({ dataFolder: fileURLToPath(options.dataFolder) });
  try {
    await createDatabaseOnce(server, 'example');
    const url = databaseUrl(server, 'example');
    const fix = `remove ${server.folder} to start again`;
    await runIn(url, (client) => applySchemaOnce(client, sql, fix));
    return openPool(url, { close: server.stop });
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function findServer(): Promise<Server> {
  const own = process.env.DATABASE_URL;
  if (own) return { adminUrl: own, stop: async () => {} };
  const shared = process.env.TOUCHSTONE_POSTGRES;
  return shared ? { adminUrl: shared, role: roleOf(shared), stop: async () => {} } : startServer();
}

async function startServer(options?: Parameters<typeof startPostgres>[0]): Promise<Server> {
  const server = await startPostgres(options);
  console.error(server.description);
  return {
    adminUrl: server.url,
    folder: server.folder,
    role: roleOf(server.url),
    stop: async () => server[Symbol.asyncDispose](),
  };
}

/** Examples never run as superuser; both processes of a test run derive the same password. */
function roleOf(adminUrl: string): Role {
  const { password } = new URL(adminUrl);
  return { name: 'app', password: createHash('sha256').update(`app ${password}`).digest('hex') };
}

function databaseUrl({ adminUrl, role }: Server, name: string): string {
  const url = new URL(adminUrl);
  url.pathname = name;
  if (role) Object.assign(url, { username: role.name, password: role.password });
  return url.href;
}

const owner = ({ role }: Server): string => (role ? ` owner ${role.name}` : '');

/** The schema is applied once a server. Copying the files takes 12 to 70 ms, `wal_log` 290 ms. */
async function prepareTemplate(server: Server, sql: string): Promise<string> {
  const template = `touchstone_template_${createHash('sha256').update(sql).digest('hex').slice(0, 16)}`;
  await runAsAdmin(server, async (admin) => {
    await admin.query('select pg_advisory_lock(hashtext($1))', ['touchstone']);
    if (await exists(admin, 'pg_database where datname', template)) return;
    await createRoleOnce(admin, server);
    const draft = `${template}_draft`;
    await admin.query(`drop database if exists ${draft} with (force)`);
    await admin.query(`create database ${draft}${owner(server)}`);
    await runIn(databaseUrl(server, draft), (client) => applySchemaOnce(client, sql, ''));
    await admin.query(`alter database ${draft} rename to ${template}`);
  });
  return template;
}

async function createDatabaseOnce(server: Server, name: string): Promise<void> {
  await runAsAdmin(server, async (admin) => {
    if (await exists(admin, 'pg_database where datname', name)) return;
    await createRoleOnce(admin, server);
    await admin.query(`create database ${name}${owner(server)}`);
  });
}

async function createRoleOnce(admin: pg.Client, { role }: Server): Promise<void> {
  if (!role || (await exists(admin, 'pg_roles where rolname', role.name))) return;
  await admin.query(`create role ${role.name} login password '${role.password}'`);
}

async function exists(client: pg.Client, place: string, name: string): Promise<boolean> {
  const { rowCount } = await client.query(`select from ${place} = $1`, [name]);
  return rowCount === 1;
}

/** Remembers which schema a database holds, because a kept database outlives an edit of its file. */
async function applySchemaOnce(client: pg.Client, sql: string, fix: string): Promise<void> {
  const hash = createHash('sha256').update(sql).digest('hex');
  await client.query('begin; select pg_advisory_xact_lock(hashtext($$touchstone$$))');
  await client.query('create table if not exists touchstone_schema (hash text primary key)');
  const { rows } = await client.query<{ hash: string }>('select hash from touchstone_schema');
  if (rows[0] && rows[0].hash !== hash)
    throw new Error(`schema.sql has changed since this data was written: ${fix}`);
  if (!rows[0]) await client.query(`${sql}; insert into touchstone_schema values ('${hash}')`);
  await client.query('commit');
}

type OpenPoolOptions = pg.PoolConfig & {
  /** Ends what was started for this pool alone. */
  close?: () => Promise<void>;
};

/** A pool of connections of its own, as each process of an application has one. */
export function openPool(url: string, options: OpenPoolOptions = {}): Database {
  const { close, ...settings } = options;
  const pool = new pg.Pool({ ...settings, connectionString: url });
  // Without a listener, an idle connection that the server ends would end this process.
  pool.on('error', (error) => {
    if (!pool.ending) console.error('postgres:', error.message);
  });
  async function dispose() {
    await pool.end();
    await close?.();
  }
  return { url, pool, [Symbol.asyncDispose]: dispose };
}

const runAsAdmin = <T>({ adminUrl }: Server, work: (client: pg.Client) => Promise<T>): Promise<T> =>
  runIn(adminUrl, work);

async function runIn<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
