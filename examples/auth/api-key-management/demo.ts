import { freshDatabase } from '@touchstone/kit/postgres/database';
import { startProgram } from '@touchstone/kit/programs/program';
import { createKeyClient } from './test-client.ts';

const MAIN = new URL('main.ts', import.meta.url);
const ADA = 'ada@example.com';

await using database = await freshDatabase({
  schema: new URL('schema.sql', import.meta.url),
});
await using first = await start();
await using second = await start();
const here = createKeyClient(first.url);
const there = createKeyClient(second.url);

const { body: old } = await here.create(ADA, { name: 'deploy script' });
console.log(
  `Ada creates a key: ${old.start}…`.replace(/_\w{4}…/, '_…'),
);
say('the key, at the other instance', await there.use(old.key));
const mistyped = old.key.toUpperCase();
say('in capitals', await there.use(mistyped));
const headers = { authorization: `Bearer ${old.key}` };
say(
  'for another scope',
  await there.send('POST', '/orders', { headers }),
);
const path = `/orders?api_key=${old.key}`;
say('in the URL', await there.send('GET', path));

const { body: next } = await there.rotate(ADA, old.id);
console.log('Ada replaces it, with an overlap of a week');
say('the old key', await here.use(old.key));
say('the new key', await here.use(next.key));
await here.revoke(ADA, old.id);
console.log('Ada revokes the old one');
say('the old key, at the other instance', await there.use(old.key));
say('the new key', await there.use(next.key));
for (const { name, replaces } of (await here.list(ADA)).body)
  console.log(`  ${name}, replaces a key: ${replaces === old.id}`);

function start() {
  return startProgram(MAIN, { DATABASE_URL: database.url, PORT: '0' });
}

function say(
  what: string,
  answer: { status: number; body: Record<string, string> },
) {
  const { code = '' } = answer.body;
  console.log(`${what}: ${answer.status} ${code}`.trim());
}
