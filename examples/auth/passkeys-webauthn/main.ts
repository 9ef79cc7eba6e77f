import { listen } from '@touchstone/kit/app/http';
import { runMain } from '@touchstone/kit/app/main';
import { openDatabase } from '@touchstone/kit/postgres/database';
import { z } from 'zod';
import { readEnvironment } from '../../architecture/typed-configuration/environment.ts';
import { createPool } from '../../postgres/connection-pooling/create-pool.ts';
import { createApp } from './app.ts';
import { applySchema, SESSIONS } from './apply-schema.ts';
import { PASSWORD } from './authenticate.ts';

const schema = z.object({
  DATABASE_URL: z.url().optional(),
  PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
  // Where the browser finds the pages; its host is the domain of passkeys.
  ORIGIN: z.url().default('http://localhost:3000'),
});

await runMain(async (stopped) => {
  const settings = readEnvironment(schema, process.env);
  const { DATABASE_URL, PORT: port, ORIGIN: origin } = settings;
  await using database = await openDatabase({
    url: DATABASE_URL,
    schema: SESSIONS,
    dataFolder: new URL('.data/postgres', import.meta.url),
  });
  await applySchema(database.pool);
  // No query waits without a limit, when Postgres does not answer.
  const pool = createPool({
    connectionString: database.url,
    applicationName: 'passkeys',
    log: console,
  });
  const app = createApp({ pool, origin, log: console });
  {
    await using server = await listen(app, { port });
    console.log(`listening on ${server.url}`);
    console.log(
      `open ${origin}, and sign in as ada@example.com with "${PASSWORD}"`,
    );
    await stopped;
  }
  await pool.end();
});
