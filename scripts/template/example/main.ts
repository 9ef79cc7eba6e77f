import { readEnvironment } from '@touchstone/kit/app/environment';
import { listen } from '@touchstone/kit/app/http';
import { runMain } from '@touchstone/kit/app/main';
import { openDatabase } from '@touchstone/kit/postgres/database';
import { z } from 'zod';
import { createApp } from './app.ts';
import { createExampleSlug } from './example-slug.ts';

const environmentSchema = z.object({
  DATABASE_URL: z.url().optional(),
  PORT: z.coerce.number().int().min(0).max(65535).default(3000),
});

await runMain(async (stopped) => {
  const settings = readEnvironment(environmentSchema);
  await using database = await openDatabase({
    url: settings.DATABASE_URL,
    schema: new URL('schema.sql', import.meta.url),
    dataFolder: new URL('.data/postgres', import.meta.url),
  });
  const counters = createExampleSlug({ pool: database.pool });
  const app = createApp({ counters, log: console });
  await using server = await listen(app, { port: settings.PORT });
  console.log(`listening on ${server.url}`);
  console.log(`try: curl -X POST ${server.url}/counters/visits`);
  await stopped;
});
