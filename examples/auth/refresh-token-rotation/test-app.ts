import { listen } from '@touchstone/kit/app/http';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { createTestLog } from '@touchstone/kit/testing/log';
import type { Pool } from 'pg';
import { createApp } from './app.ts';
import { createServices } from './create-services.ts';
import { createSecrets } from './secrets.ts';
import { readSettings } from './settings.ts';
import { createAda } from './test-client.ts';

/** The app on a socket with a database of its own, and Ada who uses it. */
export async function startTestApp() {
  const stack = new AsyncDisposableStack();
  const { pool, url } = stack.use(
    await freshDatabase({
      schema: new URL('schema.sql', import.meta.url),
    }),
  );
  const log = createTestLog();
  const settings = readSettings(createSecrets());

  /** One more instance, perhaps with other secrets. */
  async function startInstance({
    secrets,
  }: {
    secrets: string[];
  } = settings) {
    const { keys } = settings;
    const services = createServices({ pool, log, secrets, keys });
    const server = await listen(createApp({ ...services, log }));
    return createAda(stack.use(server).url);
  }

  return {
    ...(await startInstance()),
    pool,
    databaseUrl: url,
    log,
    startInstance,
    secrets: settings.secrets,
    /** What the log holds, without the details. */
    messages: () =>
      log.entries.map(({ level, message }) => `${level}: ${message}`),
    entries: log.entries,
    wait: (seconds: number) => moveBack(pool, seconds),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Lets time pass: the database keeps it, so all that it has noted gets older. */
async function moveBack(pool: Pool, seconds: number) {
  await pool.query(
    `with families as (
       update refresh_families
       set expires_at = expires_at - make_interval(secs => $1),
           ended_at = ended_at - make_interval(secs => $1)
     )
     update refresh_tokens
     set expires_at = expires_at - make_interval(secs => $1),
         spent_at = spent_at - make_interval(secs => $1)`,
    [seconds],
  );
}
