import { fileURLToPath } from 'node:url';
import {
  EnvironmentError,
  readEnvironment,
} from '@touchstone/kit/app/environment';
import { listen } from '@touchstone/kit/app/http';
import { runMain } from '@touchstone/kit/app/main';
import { openPool } from '@touchstone/kit/postgres/database';
import { startPostgres } from '@touchstone/kit/postgres/server';
import type { Pool } from 'pg';
import { createApp } from './app.ts';
import { environmentSchema } from './environment.ts';
import { findIsolationGaps } from './isolation-gaps.ts';
import { provision } from './provision.ts';
import { REVIEWED } from './tenants.ts';

await runMain(async (stopped) => {
  const settings = readEnvironment(environmentSchema);
  await using database = settings.DATABASE_URL
    ? openPool(settings.DATABASE_URL)
    : await startOwnDatabase();
  const { pool } = database;
  await refuseGaps(pool);

  const app = createApp({ pool, log: console });
  await using server = await listen(app, { port: settings.PORT });
  console.log(`listening on ${server.url}`);
  console.log(describeUse(server.url));
  await stopped;
});

/** A role that policies do not bind would serve every tenant all rows. */
async function refuseGaps(pool: Pool) {
  const gaps = await findIsolationGaps(pool, REVIEWED);
  if (gaps.length === 0) return;
  const list = gaps.map(({ name, gap }) => `  ${name}: ${gap}`);
  throw new EnvironmentError(
    `DATABASE_URL: tenants are not kept apart\n${list.join('\n')}`,
  );
}

async function startOwnDatabase() {
  const dataFolder = new URL('.data/postgres', import.meta.url);
  const server = await startPostgres({
    dataFolder: fileURLToPath(dataFolder),
  });
  console.error(server.description);
  const close = async () => server[Symbol.asyncDispose]();
  try {
    const { appUrl } = await provision(server.url, 'example');
    return openPool(appUrl, { close });
  } catch (error) {
    await close();
    throw error;
  }
}

function describeUse(url: string): string {
  const json = `-H 'content-type: application/json'`;
  const key = `-H 'authorization: Bearer <the apiKey you got>'`;
  return [
    'try:',
    `  curl ${url}/tenants ${json} -d '{"name":"Acme"}'`,
    `  curl ${url}/projects ${key} ${json} -d '{"slug":"launch","name":"The launch"}'`,
    `  curl ${url}/projects ${key}`,
  ].join('\n');
}
