import { freshDatabase } from '@touchstone/kit/postgres/database';
import { startProgram } from '@touchstone/kit/programs/program';
import { startRedis } from '@touchstone/kit/redis/redis';
import type { Answer } from '@touchstone/kit/testing/client';
import { createAda, readCookie } from './test-client.ts';

const MAIN = new URL('main.ts', import.meta.url);

await using database = await freshDatabase({
  schema: new URL('schema.sql', import.meta.url),
});
console.log('two instances, with the sessions in Postgres');
{
  await using first = await start();
  await using second = await start();
  const here = createAda(first.url);
  const there = createAda(second.url);
  const laptop = await here.login();
  const agent = { 'user-agent': 'Safari on iPhone' };
  const phone = await there.login(agent);
  say('the laptop, at the other instance', await there.me(laptop));

  const renewed = await there.sendCode(laptop);
  say('the laptop sends the second factor', renewed);
  say('its token from before', await here.me(laptop));

  const token = readCookie(renewed);
  for (const { id, device, isThis } of await here.listDevices(token)) {
    console.log(`  ${device}${isThis ? ', this one' : ''}`);
    if (!isThis)
      await here.sendWith(token, 'DELETE', `/sessions/${id}`);
  }
  say('the phone, ended from the laptop', await there.me(phone));
  const headers = { 'sec-fetch-site': 'cross-site' };
  const forged = await here.send('POST', '/sessions', { headers });
  say('a form of another site', forged);
}

console.log('one instance, with the sessions in Redis');
await using redis = await startRedis();
await using third = await start({ REDIS_URL: redis.url });
const ada = createAda(third.url);
const token = await ada.login();
say('logged in', await ada.me(token));
await redis.signal('SIGSTOP');
say('Redis is frozen', await ada.me(token));
await redis.signal('SIGCONT');
say('Redis is back', await ada.me(token));

function start(environment: Record<string, string> = {}) {
  return startProgram(MAIN, {
    DATABASE_URL: database.url,
    PORT: '0',
    ...environment,
  });
}

function say(what: string, { status, body }: Answer) {
  console.log(`${what}: ${status} ${body.code ?? ''}`.trim());
}
