import { readFile } from 'node:fs/promises';
import { listen } from '@touchstone/kit/app/http';
import { runMain } from '@touchstone/kit/app/main';
import { openDatabase } from '@touchstone/kit/postgres/database';
import { createPasswordHasher } from '../password-hashing/password-hasher.ts';
import { createApp } from './app.ts';
import {
  buildBreachFilter,
  openBreachFilter,
} from './breach-filter.ts';
import { createBreachList } from './breach-list.ts';
import { createPasswordPolicy } from './password-policy.ts';
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
  const { peppers, filterFile } = settings;
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

  const list = createBreachList({
    userAgent: 'Touchstone example',
    url: settings.listUrl ?? ranges.url,
    allowAddress: () => true, // we chose this upstream ourselves
  });
  const filter = openBreachFilter(
    filterFile
      ? await readFile(filterFile)
      : buildBreachFilter(STOLEN.map(hashForList)),
  );
  const policy = createPasswordPolicy({
    list,
    filter,
    words: ['Touchstone'],
    log: console,
  });
  const hasher = createPasswordHasher({ peppers });
  const { pool } = database;
  const app = createApp({ pool, hasher, policy, log: console });
  {
    await using server = await listen(app, { port: settings.port });
    console.log(
      `stolen passwords at ${settings.listUrl ?? ranges.url}`,
    );
    console.log(`listening on ${server.url}`);
    console.log(describeUse(server.url));
    await stopped;
  }
  await list.close();
});

function describeUse(url: string): string {
  const json = `-H 'content-type: application/json'`;
  const lines = [...STOLEN.slice(0, 1), 'seven quiet otters paint'].map(
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
