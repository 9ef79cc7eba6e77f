import { readEnvironment } from '@touchstone/kit/app/environment';
import { listen } from '@touchstone/kit/app/http';
import { runMain } from '@touchstone/kit/app/main';
import { openDatabase } from '@touchstone/kit/postgres/database';
import { systemClock } from '@touchstone/kit/time/clock';
import { createAccess } from './access.ts';
import { createApp } from './app.ts';
import { environmentSchema } from './environment.ts';
import { createEventLog } from './event-log.ts';
import { createEventStreams } from './event-streams.ts';
import { startTopicListener } from './topic-listener.ts';

await runMain(async (stopped) => {
  const settings = readEnvironment(environmentSchema);
  await using database = await openDatabase({
    url: settings.DATABASE_URL,
    schema: new URL('schema.sql', import.meta.url),
    dataFolder: new URL('.data/postgres', import.meta.url),
  });
  const { pool, url } = database;
  const services = { pool, clock: systemClock, log: console };
  const eventLog = createEventLog(services);
  const streams = createEventStreams({
    ...services,
    eventLog,
    heartbeatSeconds: settings.HEARTBEAT_SECONDS,
    retryMilliseconds: settings.RETRY_MILLISECONDS,
  });
  const { wake } = streams;
  const listener = startTopicListener({ ...services, url, wake });

  const access = createAccess(services);
  const app = createApp({ ...services, access, eventLog, streams });
  await using server = await listen(app, { port: settings.PORT });
  console.log(`listening on ${server.url}`);
  console.log(describeUse(server.url));
  await stopped;

  // First of all: else the server waits for streams that never end.
  streams.stop();
  await listener.stop();
});

function describeUse(url: string): string {
  const json = `-H 'content-type: application/json'`;
  return [
    'try, each in a terminal of its own:',
    `  curl -c jar ${url}/sessions ${json} -d '{"name":"ada"}'`,
    `  TOKEN=$(awk '/session/ {print $7}' jar)`,
    `  curl -X PUT ${url}/topics/ride-7 -H "cookie: __Host-session=$TOKEN"`,
    `  curl -N ${url}/topics/ride-7/events -H "cookie: __Host-session=$TOKEN"`,
    `  curl ${url}/topics/ride-7/events -H "cookie: __Host-session=$TOKEN" ${json} -d '{"type":"moved","data":{"km":3}}'`,
  ].join('\n');
}
