import { readEnvironment } from '@touchstone/kit/app/environment';
import { listen } from '@touchstone/kit/app/http';
import { runMain } from '@touchstone/kit/app/main';
import { openDatabase } from '@touchstone/kit/postgres/database';
import { z } from 'zod';
import { createLog } from '../structured-logging/create-log.ts';
import { createApp } from './app.ts';
import { createOrders } from './orders.ts';

const environmentSchema = z.object({
  DATABASE_URL: z.url().optional(),
  STOCK_URL: z.url(),
  TRUST_CALLERS: z.stringbool().default(false),
  PORT: z.coerce.number().int().min(0).max(65535).default(3000),
});

await runMain(async (stopped) => {
  const settings = readEnvironment(environmentSchema);
  await using database = await openDatabase({
    url: settings.DATABASE_URL,
    schema: new URL('schema.sql', import.meta.url),
    dataFolder: new URL('.data/postgres', import.meta.url),
  });
  const { pool } = database;
  const log = createLog();
  const stockUrl = settings.STOCK_URL;
  const trustCallers = settings.TRUST_CALLERS;
  const orders = createOrders({ pool, log, stockUrl });
  const app = createApp({ orders, log, trustCallers });
  await using server = await listen(app, { port: settings.PORT });
  console.log(`listening on ${server.url}`);
  const timer = setInterval(() => {
    orders
      .runNextJob()
      .catch((error) => log.error('no job ran', error));
  }, 200);
  await stopped;
  clearInterval(timer);
});
