import { randomBytes, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openPool } from '../../examples/kit/postgres/database.ts';
import { startPostgres } from '../../examples/kit/postgres/server.ts';
import { findFreePort } from '../../examples/kit/programs/free-port.ts';
import { makeFolder } from './test-library.ts';

/** A database server that can restart, with the migrations of a project: a superuser makes the roles, their owner the tables. */
export async function openAppDatabase(folder: string) {
  await using stack = new AsyncDisposableStack();
  const place = stack.use(makeFolder());
  const options = { dataFolder: join(place.folder, 'postgres'), port: await findFreePort() };
  let server = await startPostgres(options);
  stack.defer(() => server[Symbol.asyncDispose]());
  const { pool: admin } = stack.use(openPool(server.url));

  const [roles = '', ...others] = readdirSync(folder).sort();
  const apply = (names: string[], to = admin) =>
    to.query(names.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n'));
  await apply([roles]);
  const urls = await Promise.all(['tenancy_owner', 'tenancy_app'].map(setPassword));
  const [ownerUrl = '', appUrl = ''] = urls;
  {
    await using owner = openPool(ownerUrl);
    await owner.pool.query('create table users (id uuid primary key, email text not null unique)');
    await apply(others, owner.pool);
  }

  async function setPassword(role: string): Promise<string> {
    const password = randomBytes(24).toString('hex');
    await admin.query(`alter role ${role} password '${password}'`);
    return Object.assign(new URL(server.url), { username: role, password }).href;
  }

  /** A tenant with one person, who logs in by e-mail. */
  async function addTenant(email: string): Promise<string> {
    const id = randomUUID();
    await admin.query('insert into tenants (id, name) values ($1, $2)', [id, email]);
    await admin.query(
      'insert into users (id, email, tenant_id) values (gen_random_uuid(), $1, $2)',
      [email, id],
    );
    return id;
  }

  async function count(what: string): Promise<number> {
    const { rows } = await admin.query(`select count(*)::int as rows from ${what}`);
    return rows[0].rows;
  }

  async function restart(): Promise<void> {
    await server[Symbol.asyncDispose]();
    server = await startPostgres(options);
  }

  const all = stack.move();
  return { appUrl, addTenant, count, restart, [Symbol.asyncDispose]: () => all.disposeAsync() };
}
