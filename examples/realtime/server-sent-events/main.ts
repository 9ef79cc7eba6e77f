import { runExample } from '@touchstone/kit/app/run-example';
import { createLog } from '../../observability/structured-logging/create-log.ts';
import { openApp } from './open-app.ts';

await runExample(import.meta, ({ databaseUrl }) => {
  const { app, streams, close } = openApp({
    databaseUrl,
    log: createLog(),
  });
  // Before the server closes: it waits for streams, which never end.
  process.once('SIGTERM', streams.stop).once('SIGINT', streams.stop);
  return { app, commands: describeUse, stop: close };
});

function describeUse(url: string): string[] {
  const json = `-H 'content-type: application/json'`;
  const cookie = `-H "cookie: __Host-session=$TOKEN"`;
  return [
    `curl -c jar ${url}/sessions ${json} -d '{"name":"ada"}'`,
    `TOKEN=$(awk '/session/ {print $7}' jar)`,
    `curl -X PUT ${url}/rides/ride-7 ${cookie}`,
    `curl -N ${url}/rides/ride-7/events ${cookie} &`,
    `curl ${url}/rides/ride-7/moves ${cookie} ${json} -d '{"km":3}'`,
  ];
}
