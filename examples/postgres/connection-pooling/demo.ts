import { startProgram } from '@touchstone/kit/programs/program';
import { waitUntil } from '@touchstone/kit/time/wait';
import { startDatabase } from './test-pool.ts';

await using database = await startDatabase();
await using program = await startProgram(
  new URL('main.ts', import.meta.url),
  { DATABASE_URL: database.url, PORT: '0' },
);

async function get(path: string): Promise<string> {
  const response = await fetch(`${program.url}${path}`);
  const body = await response.json();
  const retryAfter = response.headers.get('retry-after');
  const rest = retryAfter ? `, retry after ${retryAfter} s` : '';
  return `${response.status} ${body.code ?? JSON.stringify(body)}${rest}`;
}

console.log(`GET /items/1: ${await get('/items/1')}`);

const lock = await database.pool.connect();
await lock.query('begin; lock table items');
console.log('a migration locks the table; 8 requests come');
const refused: string[] = [];
const answers = Array.from({ length: 8 }, async () => {
  const answer = await get('/items/1');
  if (!answer.startsWith('200')) refused.push(answer);
  return answer;
});
await waitUntil('two are refused', () => refused.length === 2);
console.log(`at once: ${refused[0]}`);
console.log(`GET /pool: ${await get('/pool')}`);
await lock.query('commit');
lock.release();
const served = (await Promise.all(answers)).filter((answer) =>
  answer.startsWith('200'),
);
console.log(`after it: ${served.length} answers 200`);

await database.pool.query(
  `select pg_terminate_backend(pid)
   from pg_stat_activity
   where application_name = 'stock'
     and datname = current_database()`,
);
console.log('an administrator ends all connections');
// A query that meets a connection before its end arrives would fail.
await waitUntil('the pool knows', async () => {
  return (await get('/pool')).includes('"totalCount":0');
});
console.log(`GET /items/1: ${await get('/items/1')}`);

const code = await program.kill('SIGTERM');
console.log(`SIGTERM: the process ends with ${code}`);
