import { readEnvironment } from '@touchstone/kit/app/environment';
import { listen } from '@touchstone/kit/app/http';
import { runMain } from '@touchstone/kit/app/main';
import { openDatabase } from '@touchstone/kit/postgres/database';
import { systemClock } from '@touchstone/kit/time/clock';
import { createAccessTokens } from './access-tokens.ts';
import { createApp } from './app.ts';
import { environmentSchema } from './environment.ts';
import { createRefreshTokens } from './refresh-tokens.ts';
import { createUsers } from './users.ts';

await runMain(async (stopped) => {
  const settings = readEnvironment(environmentSchema);
  await using database = await openDatabase({
    url: settings.DATABASE_URL,
    schema: new URL('schema.sql', import.meta.url),
    dataFolder: new URL('.data/postgres', import.meta.url),
  });
  const { pool } = database;
  const services = { pool, clock: systemClock, log: console };

  const app = createApp({
    log: console,
    users: createUsers(services),
    refreshTokens: createRefreshTokens({
      ...services,
      secret: settings.REFRESH_SECRET,
    }),
    accessTokens: createAccessTokens({
      ...services,
      keys: settings.SIGNING_KEYS,
      issuer: settings.ISSUER,
      audience: settings.AUDIENCE,
    }),
  });
  await using server = await listen(app, { port: settings.PORT });
  console.log(`listening on ${server.url}`);
  console.log(describeUse(server.url));
  await stopped;
});

function describeUse(url: string): string {
  const post = (path: string, body: object) =>
    `  curl ${url}${path} -H 'content-type: application/json' -d '${JSON.stringify(body)}'`;
  const ada = {
    email: 'ada@example.com',
    password: 'correct horse battery',
  };
  return [
    'try:',
    post('/users', ada),
    post('/sessions', ada),
    post('/sessions/refresh', { refreshToken: '<the one you got>' }),
    `  curl ${url}/me -H 'authorization: Bearer <the access token>'`,
  ].join('\n');
}
