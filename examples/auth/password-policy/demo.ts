import { listen } from '@touchstone/kit/app/http';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { startProgram } from '@touchstone/kit/programs/program';
import { createClient } from '@touchstone/kit/testing/client';
import { createSecrets } from './secrets.ts';
import { createRangeServer } from './stand-in-range-server.ts';

const ADA = 'ada.lovelace@example.com';
const GOOD = 'seven quiet otters paint';

await using database = await freshDatabase({
  schema: new URL('../password-hashing/schema.sql', import.meta.url),
});
const { add, answer } = createRangeServer();
add('qwertyuiop12345', 1000);
let isAway = false;
await using list = await listen(
  (request, response) => {
    if (isAway) return void request.socket.resetAndDestroy();
    console.log(`  the list is asked for ${request.url}`);
    answer(request, response);
  },
  { graceSeconds: 0 },
);
await using program = await startProgram(
  new URL('main.ts', import.meta.url),
  {
    ...createSecrets(),
    BREACH_LIST_URL: list.url,
    DATABASE_URL: database.url,
    PORT: '0',
  },
);
const send = createClient(program.url);

await show('/users', 'Password1!');
await show('/users', '4d@Lovelace-1815');
await show('/users', 'qwertyuiop12345');
await show('/users', GOOD);
console.log('the list does not answer');
isAway = true;
await show('/users', 'qwertyuiop12345');
await show('/sessions', GOOD);
console.log('the list is back, and her password was stolen elsewhere');
isAway = false;
add(GOOD);
await show('/sessions', GOOD);

async function show(path: string, password: string) {
  const body = { email: ADA, password };
  const answer = await send('POST', path, { body });
  const { code, weakness = '' } = answer.body;
  const what = code ?? weakness;
  console.log(`${path} ${password}: ${answer.status} ${what}`.trim());
}
