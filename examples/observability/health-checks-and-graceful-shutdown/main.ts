import { openDatabase } from '@touchstone/kit/postgres/database';
import { findFreePort } from '@touchstone/kit/programs/free-port';
import { z } from 'zod';
import { readEnvironment } from '../../architecture/typed-configuration/environment.ts';
import {
  port as portField,
  wholeNumber,
} from '../../architecture/typed-configuration/fields.ts';
import { startShop } from './app.ts';
import { ShuttingDownError } from './shutdown.ts';

const milliseconds = wholeNumber(0, 60_000);
const settings = readEnvironment(
  z.object({
    DATABASE_URL: z.url().optional(),
    PORT: portField().default(3000),
    NOTICE_MS: milliseconds.default(5000),
    LIMIT_MS: milliseconds.default(25_000),
  }),
);
const port = settings.PORT || (await findFreePort());

try {
  await startShop({
    port,
    noticeMs: settings.NOTICE_MS,
    limitMs: settings.LIMIT_MS,
    openDatabase: () =>
      openDatabase({
        url: settings.DATABASE_URL,
        schema: new URL('schema.sql', import.meta.url),
        dataFolder: new URL('.data/postgres', import.meta.url),
      }),
  });
  console.log(`listening on http://127.0.0.1:${port}`);
} catch (error) {
  if (!(error instanceof ShuttingDownError)) throw error;
}
