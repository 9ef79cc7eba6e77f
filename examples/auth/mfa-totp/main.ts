import { listen } from '@touchstone/kit/app/http';
import { runMain } from '@touchstone/kit/app/main';
import { openDatabase } from '@touchstone/kit/postgres/database';
import { createPool } from '../../postgres/connection-pooling/create-pool.ts';
import { createApp } from './app.ts';
import { applySchema, SESSIONS } from './apply-schema.ts';
import { PASSWORD } from './authenticate.ts';
import { readSettings } from './settings.ts';

await runMain(async (stopped) => {
  const settings = readSettings();
  await using database = await openDatabase({
    url: settings.databaseUrl,
    schema: SESSIONS,
    dataFolder: new URL('.data/postgres', import.meta.url),
  });
  await applySchema(database.pool);
  // No query waits without a limit, when Postgres does not answer.
  const pool = createPool({
    connectionString: database.url,
    applicationName: 'mfa-totp',
    log: console,
  });
  const app = createApp({ ...settings, pool, log: console });
  {
    await using server = await listen(app, { port: settings.port });
    console.log(`listening on ${server.url}`);
    console.log(describeUse(server.url));
    await stopped;
  }
  await pool.end();
});

function describeUse(url: string): string {
  const json = `-H 'content-type: application/json'`;
  const ada = { email: 'ada@example.com', password: PASSWORD };
  const cookie = `-H 'cookie: __Host-session=<the one you got>'`;
  const lines = [
    `curl -i ${url}/sessions ${json} -d '${JSON.stringify(ada)}'`,
    `curl ${url}/second-factor -X POST ${cookie}`,
    `curl -i ${url}/second-factor -X PUT ${cookie} ${json} -d '{"ticket":"<the one you got>","code":"<of your app>"}'`,
  ];
  return ['try:', ...lines].join('\n  ');
}
