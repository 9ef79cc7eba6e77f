import { createNaivePool } from './naive.ts';
import { startDatabase } from './test-pool.ts';

await using database = await startDatabase();
const pool = createNaivePool(database.url);
process.once('uncaughtException', (error) => {
  console.log(`the process would end: ${error.message}`);
});

async function askPid(): Promise<number> {
  const { rows } = await pool.query('select pg_backend_pid() as pid');
  return rows[0].pid;
}

const toMessage = ({ message }: Error) => message;

const first = await askPid();
await pool.query('select 1 / 0').catch(() => {});
const second = await askPid();
console.log(
  `after a failed statement: ${first === second ? 'the same' : 'another'} connection`,
);

const client = await pool.connect();
client.on('error', () => {});
const slow = client.query('select pg_sleep(30)');
console.log(`a slow report: ${await slow.then(String, toMessage)}`);
const { rows } = await database.pool.query(
  `select state from pg_stat_activity where query like '%sleep(30)'`,
);
console.log(`Postgres says of it: ${rows[0].state}`);
client.release();
const next = pool.query('select 1');
console.log(`the next caller: ${await next.then(String, toMessage)}`);

const idle = await askPid();
const removed = new Promise((resolve) => pool.on('remove', resolve));
await database.pool.query('select pg_terminate_backend($1)', [idle]);
await removed;
pool.on('error', () => {}); // it may be ended before its goodbye is read
await pool.end();
