import { freshDatabase } from '@touchstone/kit/postgres/database';
import { createNaiveTracing } from './naive.ts';

await using database = await freshDatabase({
  schema: new URL('schema.sql', import.meta.url),
});
const { pool } = database;
const { begin, log, query } = createNaiveTracing({ pool });
await pool.query("insert into orders (sku) values ('shoes')");

begin({ headers: { 'x-request-id': 'ada' } });
await new Promise<void>((resolve) => {
  setImmediate(() => resolve(log('the order of Ada is paid')));
  begin({ headers: { 'x-request-id': 'bob' } });
});
begin({ headers: { 'x-request-id': '1]\n[admin] all is well [' } });
log('login failed');
begin({ headers: { 'x-request-id': '*/; delete from orders; --' } });
await query('select 1');
const { rows } = await pool.query('select count(*)::int from orders');
console.log(`orders left: ${rows[0].count}`);
