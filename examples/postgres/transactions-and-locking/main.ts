import { readEnvironment } from '@touchstone/kit/app/environment';
import { listen } from '@touchstone/kit/app/http';
import { runMain } from '@touchstone/kit/app/main';
import { openDatabase } from '@touchstone/kit/postgres/database';
import { z } from 'zod';
import { createAccounts } from './accounts.ts';
import { createApp } from './app.ts';
import { createPool } from './create-pool.ts';

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
  await database.pool.query(
    `insert into accounts (id, owner, cents)
     values ('ana', 'Ana', 10000), ('bob', 'Bob', 10000),
            ('cy-1', 'Cy', 5000), ('cy-2', 'Cy', 5000)
     on conflict (id) do nothing`,
  );
  const pool = createPool(database.url, console);
  const accounts = createAccounts({ pool, log: console });
  const app = createApp({ accounts, sendMail, log: console });
  {
    await using server = await listen(app, { port: settings.PORT });
    console.log(`listening on ${server.url}`);
    console.log(`try: curl ${server.url}/accounts`);
    await stopped;
  }
  await pool.end();
});

/** A mail server is not part of this example. */
async function sendMail({ account }: { account: string }) {
  console.log(`a mail to the owner of ${account}`);
}
