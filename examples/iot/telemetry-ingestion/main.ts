import { readEnvironment } from '@touchstone/kit/app/environment';
import { listen } from '@touchstone/kit/app/http';
import { runMain } from '@touchstone/kit/app/main';
import { openDatabase } from '@touchstone/kit/postgres/database';
import { systemClock } from '@touchstone/kit/time/clock';
import { createApp } from './app.ts';
import { environmentSchema } from './environment.ts';
import { startIngestion } from './ingestion.ts';
import { createReadings } from './readings.ts';

await runMain(async (stopped) => {
  const settings = readEnvironment(environmentSchema);
  await using database = await openDatabase({
    url: settings.DATABASE_URL,
    schema: new URL('schema.sql', import.meta.url),
    dataFolder: new URL('.data/postgres', import.meta.url),
  });
  const { pool } = database;
  await using ingestion = await startIngestion({
    pool,
    clock: systemClock,
    log: console,
    mqttPort: settings.MQTT_PORT,
  });
  const app = createApp({
    ...ingestion,
    readings: createReadings({ pool }),
    operatorToken: settings.OPERATOR_TOKEN,
    log: console,
  });
  await using server = await listen(app, { port: settings.PORT });
  console.log(`devices: ${ingestion.url}`);
  console.log(`listening on ${server.url}`);
  console.log(describeUse(server.url, ingestion.port));
  await stopped;
});

function describeUse(url: string, mqttPort: number): string {
  const asOperator = `-H "authorization: Bearer $OPERATOR_TOKEN"`;
  const json = `-H 'content-type: application/json'`;
  const reading = `"{\\"sequence\\":$(date +%s),\\"at\\":$(date +%s000),\\"metric\\":\\"celsius\\",\\"value\\":21.5}"`;
  return [
    'try:',
    `  curl ${url}/devices ${asOperator} ${json} -d '{"id":"kitchen"}'`,
    `  mosquitto_pub -p ${mqttPort} -q 1 -i kitchen -u kitchen -P <the key> -t devices/kitchen/readings -m ${reading}`,
    `  curl ${url}/readings/latest`,
    `and look at ${url} in a browser`,
  ].join('\n');
}
