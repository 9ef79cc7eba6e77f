import { readEnvironment } from '@touchstone/kit/environment';
import { listen } from '@touchstone/kit/http';
import { runMain } from '@touchstone/kit/main';
import { openDatabase } from '@touchstone/kit/postgres';
import { z } from 'zod';
import { createApp } from './app.ts';
import { checkPool } from './check-pool.ts';
import { createPool } from './create-pool.ts';
import { createItems } from './items.ts';

const environmentSchema = z.object({
  DATABASE_URL: z.url().optional(),
  PORT: z.coerce.number().int().min(0).max(65535).default(3000),
  PROCESSES: z.coerce.number().int().min(1).default(2),
});

await runMain(async (stopped) => {
  const settings = readEnvironment(environmentSchema);
  await using database = await openDatabase({
    url: settings.DATABASE_URL,
    schema: new URL('schema.sql', import.meta.url),
    dataFolder: new URL('.data/postgres', import.meta.url),
  });
  await database.pool.query(
    `insert into items (id, name)
     values (1, 'kettle')
     on conflict do nothing`,
  );
  const { url } = database;
  // #region wire
  const pool = createPool({
    connectionString: url,
    applicationName: 'stock',
    max: 2,
    maxWaiting: 4,
    log: console,
  });
  await checkPool(pool, { processes: settings.PROCESSES });
  const items = createItems({ pool });
  const app = createApp({ items, pool, log: console });
  {
    await using server = await listen(app, { port: settings.PORT });
    console.log(`listening on ${server.url}`);
    await stopped;
  }
  // After the last request: in bounded time, whatever is in use.
  await pool.end();
  // #endregion wire
});
