import { listen } from '@touchstone/kit/app/http';
import { untilWaiting } from '@touchstone/kit/postgres/locks';
import { startProgram } from '@touchstone/kit/programs/program';
import { createNaiveApp } from './naive.ts';
import { countOrders, openDatabase } from './test-service.ts';

const MAIN = new URL('naive-main.ts', import.meta.url);

/** Of an order that was answered, and a deploy that ends the process then: is it confirmed after the restart? */
export async function deployAfterAnOrder() {
  await using database = await openDatabase();
  const environment = {
    DATABASE_URL: database.url,
    CONFIRM_SECONDS: '60', // the deploy comes first, on a slow machine too
  };
  await using before = await startProgram(MAIN, environment);
  const { status } = await post(before.url, {
    customer: 'Ada',
    cents: 1,
  });
  await before.kill('SIGTERM');
  await using _ = await startProgram(MAIN, environment);
  const counts = await countOrders(database);
  return { status, confirmed: counts?.confirmed };
}

/** What a caller reads who sends no customer, after another who did. */
export async function placeWithoutCustomer() {
  await using database = await openDatabase();
  const { pool } = database;
  const app = await createNaiveApp({ pool, confirm: async () => {} });
  await using server = await listen(app);
  await post(server.url, { customer: 'Ada', cents: 1 });
  const response = await post(server.url, { cents: 1 });
  return { status: response.status, text: await response.text() };
}

/** How the second of two starts at once ends. */
export async function startTwice() {
  await using database = await openDatabase();
  const { pool } = database;
  const first = await pool.connect();
  await first.query('begin');
  const confirm = async () => {};
  await first.query('create table orders (id bigint)');
  const second = createNaiveApp({ pool, confirm }).then(
    () => 'started',
    (error) => String(error),
  );
  await untilWaiting(pool);
  await first.query('commit');
  first.release();
  return await second;
}

function post(url: string, body: object) {
  return fetch(`${url}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}
