import { runProgram } from '@touchstone/kit/programs/program';
import { waitUntil } from '@touchstone/kit/time/wait';
import {
  openDatabase,
  placeOrder,
  SERVE,
  startInstance,
  untilConfirmed,
} from './test-service.ts';

const wrong = { DATABASE_URL: 'mysql://shop', PORT: '80a' };
const { errors, code } = await runProgram(SERVE, wrong);
console.log(`${errors}exit code ${code}`);

await using database = await openDatabase();
const [one, two] = await Promise.all([
  startInstance(database.url, {}),
  startInstance(database.url, {}),
]);
const { rows } = await database.pool.query<{ name: string }>(
  'select name from migrations order by name',
);
console.log('two instances start at once on an empty database');
for (const { name } of rows) console.log(`applied: ${name}`);

const path = await placeOrder(one.send);
await waitUntil('it is confirmed', async () =>
  Boolean((await two.send('GET', path)).body.confirmedAt),
);
console.log(`${path} is placed, and confirmed by a job`);
const { body } = await one.send('POST', '/orders', { body: {} });
console.log(`an order without a customer: ${body.status} ${body.code}`);

for (let order = 1; order <= 20; order += 1) await placeOrder(one.send);
await one.kill('SIGKILL');
await database.pool.query('update jobs set due_at = now()');
await untilConfirmed(database, 21);
console.log('20 more orders, and kill -9: all are confirmed');
console.log(`SIGTERM: exit code ${await two.kill('SIGTERM')}`);
