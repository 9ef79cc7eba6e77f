import { mkdir, writeFile } from 'node:fs/promises';
import { listen } from '@touchstone/kit/app/http';
import { runMain } from '@touchstone/kit/app/main';
import { openDatabase } from '@touchstone/kit/postgres/database';
import { createPasswordHasher } from '../password-hashing/password-hasher.ts';
import { createApp } from './app.ts';
import { buildBreachFilter } from './breach-filter.ts';
import { createPolicy } from './create-policy.ts';
import { readSettings } from './settings.ts';
import {
  createRangeServer,
  hashForList,
} from './stand-in-range-server.ts';

const STOLEN = [
  'qwertyuiop12345',
  '1qaz2wsx3edc4rfv',
  'passwordpassword',
];

await runMain(async (stopped) => {
  const settings = readSettings();
  const { peppers } = settings;
  const standIn = createRangeServer();
  for (const password of STOLEN) standIn.add(password, 1000);
  await using ranges = await listen(standIn.answer, {
    graceSeconds: 0,
  });
  await using database = await openDatabase({
    url: settings.databaseUrl,
    schema: new URL('../password-hashing/schema.sql', import.meta.url),
    dataFolder: new URL('.data/postgres', import.meta.url),
  });

  const ownUrl = settings.listUrl ?? ranges.url;
  const filterFile = settings.filterFile ?? (await makeFilter());
  const log = console;
  const { policy, list } = await createPolicy({
    ownUrl,
    filterFile,
    log,
  });
  const hasher = createPasswordHasher({ peppers });
  const { pool } = database;
  const app = createApp({ pool, hasher, policy, log });
  {
    await using server = await listen(app, { port: settings.port });
    console.log(`stolen passwords at ${ownUrl}`);
    console.log(`listening on ${server.url}`);
    console.log(describeUse(server.url));
    await stopped;
  }
  await list.close();
});

/** Stands for the file that you make of Pwned Passwords. */
async function makeFilter(): Promise<URL> {
  const folder = new URL('.data/', import.meta.url);
  const file = new URL('breach.filter', folder);
  await mkdir(folder, { recursive: true });
  await writeFile(file, buildBreachFilter(STOLEN.map(hashForList)));
  return file;
}

function describeUse(url: string): string {
  const json = `-H 'content-type: application/json'`;
  const lines = ['qwertyuiop12345', 'seven quiet otters paint'].map(
    (password) => {
      const body = JSON.stringify({
        email: 'ada@example.com',
        password,
      });
      return `  curl -i ${url}/users ${json} -d '${body}'`;
    },
  );
  return ['try:', ...lines].join('\n');
}
