import { fileURLToPath } from 'node:url';
import { listen } from '@touchstone/kit/app/http';
import { runMain } from '@touchstone/kit/app/main';
import { startPostgres } from '@touchstone/kit/postgres/server';
import { z } from 'zod';
import { readEnvironment } from '../../architecture/typed-configuration/environment.ts';
import { port } from '../../architecture/typed-configuration/fields.ts';
import { openApp } from './open-app.ts';
import { provision } from './provision.ts';

/** Without a database of yours, the example starts its own. */
const environmentSchema = z.object({
  DATABASE_URL: z.url().optional(),
  PORT: port().default(3000),
});

await runMain(async (stopped) => {
  const settings = readEnvironment(environmentSchema);
  await using stack = new AsyncDisposableStack();
  const databaseUrl =
    settings.DATABASE_URL ?? (await startOwnDatabase(stack));
  const opened = await openApp({ databaseUrl, log: console });
  const { app } = stack.use(opened);
  const server = stack.use(await listen(app, { port: settings.PORT }));
  console.log(`listening on ${server.url}`);
  console.log(describeUse(server.url));
  await stopped;
});

async function startOwnDatabase(stack: AsyncDisposableStack) {
  const dataFolder = new URL('.data/postgres', import.meta.url);
  const server = stack.use(
    await startPostgres({ dataFolder: fileURLToPath(dataFolder) }),
  );
  console.error(server.description);
  const { appUrl } = await provision(server.url, 'example');
  return appUrl;
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
