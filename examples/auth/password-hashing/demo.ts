import { hash as hashWithBcrypt } from '@node-rs/bcrypt';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { startProgram } from '@touchstone/kit/programs/program';
import { createClient } from '@touchstone/kit/testing/client';
import { createUser } from './create-user.ts';
import { peppersText } from './peppers.ts';
import { createSecrets } from './secrets.ts';

const MAIN = new URL('main.ts', import.meta.url);
const PASSWORD = 'correct horse battery';

await using database = await freshDatabase({
  schema: new URL('schema.sql', import.meta.url),
});
const { PASSWORD_PEPPERS: old } = createSecrets();
const { PASSWORD_PEPPERS: next } = createSecrets();
const [first, second] = peppersText.parse(`${old},${next}`);
{
  await using program = await start(old);
  const send = createClient(program.url);
  await logIn(send, 'Ada, with her password', 'ada@example.com');
  await logIn(send, 'Ada, with a wrong one', 'ada@example.com', 'x');
  await logIn(send, 'an unknown user', 'nobody@example.com');

  const body = { email: 'ada@example.com', password: 'x' };
  const flood = Array.from({ length: 100 }, () =>
    send('POST', '/sessions', { body }),
  );
  const health = await send('GET', '/health');
  console.log(
    `100 logins at once, and a health check: ${health.status}`,
  );
  const codes = (await Promise.all(flood)).map((answer) => {
    return `${answer.status} ${answer.body.code}`;
  });
  console.log(`the 100: ${[...new Set(codes)].toSorted().join(', ')}`);
  await showHash('ada@example.com');
}

const bcrypt = await hashWithBcrypt(PASSWORD, { cost: 10 });
await createUser(database.pool, 'bob@example.com', bcrypt);
console.log('Bob is imported with bcrypt; a new pepper is deployed');
await using program = await start(`${next},${old}`);
for (const name of ['Ada', 'Bob']) {
  const email = `${name.toLowerCase()}@example.com`;
  await logIn(createClient(program.url), name, email);
  await showHash(email);
}

function start(peppers: string) {
  return startProgram(MAIN, {
    PASSWORD_PEPPERS: peppers,
    DATABASE_URL: database.url,
    PORT: '0',
  });
}

async function logIn(
  send: ReturnType<typeof createClient>,
  who: string,
  email: string,
  password = PASSWORD,
) {
  const answer = await send('POST', '/sessions', {
    body: { email, password },
  });
  const { code = '' } = answer.body;
  console.log(`${who}: ${answer.status} ${code}`.trim());
}

async function showHash(email: string) {
  const { rows } = await database.pool.query<{ hash: string }>(
    `select hash
     from password_hashes
     join users on users.id = user_id
     where email = $1`,
    [email],
  );
  const hash = `${rows[0]?.hash}`
    .replace(first.id, '(old)')
    .replace(`${second?.id}`, '(new)')
    .replace(/[^$]{22}\$[^$]{43}$/, '…');
  console.log(`  ${hash}`);
}
