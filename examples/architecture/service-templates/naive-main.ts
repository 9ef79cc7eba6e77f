import { listen } from '@touchstone/kit/app/http';
import { openPool } from '@touchstone/kit/postgres/database';
import { createNaiveApp } from './naive.ts';

const { pool } = openPool(`${process.env.DATABASE_URL}`);

const { CONFIRM_SECONDS: seconds = '1' } = process.env;

/** It takes a second, as a call to another service may. */
async function confirm(id: string) {
  await pool.query('select pg_sleep($1)', [seconds]);
  await pool.query(
    'update orders set confirmed_at = now() where id = $1',
    [id],
  );
}

const app = await createNaiveApp({ pool, confirm });
const server = await listen(app, { port: 0 });
console.log(`listening on ${server.url}`);
