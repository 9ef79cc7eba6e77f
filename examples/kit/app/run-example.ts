import type { Express } from 'express';
import type { Pool } from 'pg';
import { z } from 'zod';
import { openDatabase } from '../postgres/database.ts';
import { listen } from './http.ts';
import { runMain } from './main.ts';
import { SettingError } from './setting-error.ts';

const environmentSchema = z.object({
  DATABASE_URL: z.url().optional(),
  PORT: z.coerce.number().int().min(0).max(65535).default(3000),
});

type Example = {
  app: Express;
  /** Commands that a reader may try, given where the app listens. */
  commands?: (url: string) => string[];
  /** What must end after the last answer, in this order. */
  stop?: () => Promise<void>;
};

/**
 * Runs an example as a program until SIGINT or SIGTERM: a database with the `schema.sql` that lies
 * beside it, at DATABASE_URL or embedded, and its app on PORT.
 */
export async function runExample(
  { url }: ImportMeta,
  start: (services: { pool: Pool; databaseUrl: string }) => Example | Promise<Example>,
): Promise<void> {
  await runMain(async (stopped) => {
    const settings = readSettings();
    await using database = await openDatabase({
      url: settings.DATABASE_URL,
      schema: new URL('schema.sql', url),
      dataFolder: new URL('.data/postgres', url),
    });
    const { app, commands, stop } = await start({
      pool: database.pool,
      databaseUrl: database.url,
    });
    {
      await using server = await listen(app, { port: settings.PORT });
      console.log(`listening on ${server.url}`);
      if (commands) console.log(['try:', ...commands(server.url)].join('\n  '));
      await stopped;
    }
    await stop?.();
  });
}

function readSettings() {
  const { data, error } = environmentSchema.safeParse(process.env);
  if (error) throw new SettingError(z.prettifyError(error));
  return data;
}
