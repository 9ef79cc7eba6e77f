import { runExample } from '@touchstone/kit/app/run-example';
import { createPool } from '../../postgres/connection-pooling/create-pool.ts';
import { createApp } from './app.ts';
import { createUser } from './create-user.ts';
import { createPasswordHasher } from './password-hasher.ts';
import { readSettings } from './settings.ts';

const ADA = {
  email: 'ada@example.com',
  password: 'correct horse battery',
};

await runExample(import.meta, async ({ databaseUrl }) => {
  const settings = readSettings();
  // No query waits without a limit, when Postgres does not answer.
  const pool = createPool({
    connectionString: databaseUrl,
    applicationName: 'password-hashing',
    log: console,
  });
  const hasher = createPasswordHasher(settings);
  await createUser(pool, ADA.email, await hasher.hash(ADA.password));

  return {
    app: createApp({ ...settings, pool, log: console }),
    commands: (url) => [
      `curl -i ${url}/sessions -H 'content-type: application/json' -d '${JSON.stringify(ADA)}'`,
    ],
    stop: () => pool.end(),
  };
});
