import { readEnvironment } from '@touchstone/kit/app/environment';
import { listen } from '@touchstone/kit/app/http';
import { runMain } from '@touchstone/kit/app/main';
import { openDatabase } from '@touchstone/kit/postgres/database';
import { systemClock } from '@touchstone/kit/time/clock';
import { createApp } from './app.ts';
import { environmentSchema } from './environment.ts';
import { startMaintenance } from './maintenance.ts';
import { createStorage } from './storage.ts';

await runMain(async (stopped) => {
  const settings = readEnvironment(environmentSchema);
  await using database = await openDatabase({
    url: settings.DATABASE_URL,
    schema: new URL('schema.sql', import.meta.url),
    dataFolder: new URL('.data/postgres', import.meta.url),
  });
  const log = console;
  const storage = createStorage({
    pool: database.pool,
    clock: systemClock,
    log,
  });
  await storage.partitions.prepareAhead();
  await using _maintenance = startMaintenance({
    storage,
    log,
    rollUpSeconds: settings.ROLL_UP_SECONDS,
  });
  const app = createApp({ ...storage, log });
  await using server = await listen(app, { port: settings.PORT });
  console.log(`listening on ${server.url}`);
  console.log(describeUse(server.url));
  await stopped;
});

function describeUse(url: string): string {
  const at = new Date().toISOString();
  const body = JSON.stringify({
    readings: [{ sensor: 'roof', at, value: 21.5 }],
  });
  return [
    `open ${url} for the chart, and try:`,
    `  curl -X PUT ${url}/sensors/roof`,
    `  curl ${url}/readings -H 'content-type: application/json' -d '${body}'`,
    `  curl ${url}/sensors/roof/latest`,
    `  npx tsx simulate.ts ${url}`,
  ].join('\n');
}
