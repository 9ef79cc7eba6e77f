import { setTimeout as wait } from 'node:timers/promises';
import { readEnvironment } from '@touchstone/kit/app/environment';
import { listen } from '@touchstone/kit/app/http';
import { runMain } from '@touchstone/kit/app/main';
import { openDatabase } from '@touchstone/kit/postgres/database';
import { environmentSchema } from './environment.ts';
import {
  fillUsers,
  isRolledOut,
  rollBack,
  rollOut,
} from './roll-out.ts';
import { createService } from './service.ts';
import { startTraffic, type Traffic } from './traffic.ts';

await runMain(async (stopped) => {
  const settings = readEnvironment(environmentSchema);
  await using database = await openDatabase({
    url: settings.DATABASE_URL,
    schema: new URL('schema.sql', import.meta.url),
    dataFolder: new URL('.data/postgres', import.meta.url),
  });
  const { pool } = database;
  const users = settings.USERS;
  await fillUsers(pool, users);
  const wasRolledOut = await isRolledOut(pool);

  // A migration that is stopped goes on at the next start.
  const stop = new AbortController();
  void stopped.then(() => stop.abort());
  let traffic: Traffic | undefined;
  const { app, migrator, running } = await createService({
    pool,
    running: wasRolledOut ? ['new'] : ['old'],
    pause: (ms) => wait(ms, undefined, { signal: stop.signal }),
    log: {
      info: (message, details) =>
        console.log(describe(message, details, traffic)),
      error: console.error,
    },
  });
  await using server = await listen(app, { port: settings.PORT });
  const { url } = server;
  console.log(`listening on ${url}`);
  await using live = startTraffic({ url, running, users });
  traffic = live;

  const parts = { pool, running, migrator };
  try {
    if (wasRolledOut) await rollBack(parts);
    await rollOut(parts);
    console.log(describeUse(url));
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  }
  await stopped;
});

function describe(message: string, details: object, traffic?: Traffic) {
  const { name, way, ms } = { name: '', way: '', ms: 0, ...details };
  if (message !== 'migrated')
    return `${message} ${JSON.stringify(details)}`;
  const { p99Ms, failed } = traffic?.take() ?? { p99Ms: 0, failed: 0 };
  const p99 = `99th percentile ${Math.round(p99Ms)} ms`;
  return `${name} ${way}: ${ms} ms; requests: ${p99}, ${failed} failed`;
}

function describeUse(url: string): string {
  const json = `-H 'content-type: application/json'`;
  const contract = JSON.stringify({ target: '0008-contract-names' });
  const running = JSON.stringify({ running: ['new'] });
  return [
    'both versions run; try:',
    `  curl ${url}/old/users/1`,
    `  curl ${url}/new/users/1`,
    `  curl ${url}/migrations ${json} -d '${contract}'`,
    `  curl -X PUT ${url}/versions ${json} -d '${running}'`,
  ].join('\n');
}
