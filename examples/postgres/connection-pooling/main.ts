import { runMain } from '@touchstone/kit/app/main';
import { openDatabase } from '@touchstone/kit/postgres/database';
import { z } from 'zod';
import { readEnvironment } from '../../architecture/typed-configuration/environment.ts';
import {
  port,
  wholeNumber,
} from '../../architecture/typed-configuration/fields.ts';
import { serve } from './serve.ts';

const environmentSchema = z.object({
  DATABASE_URL: z.url().optional(),
  PORT: port().default(3000),
  PROCESSES: wholeNumber(1, 1000).default(2),
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
  await serve({
    databaseUrl: database.url,
    port: settings.PORT,
    processes: settings.PROCESSES,
    stopped,
    log: console,
  });
});
