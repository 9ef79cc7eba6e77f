import { runExample } from '@touchstone/kit/app/run-example';
import { createLog } from '../../observability/structured-logging/create-log.ts';
import { createPool } from '../../postgres/connection-pooling/create-pool.ts';
import { createAccess } from './access.ts';
import { createApp } from './app.ts';
import { createEventLog } from './event-log.ts';
import { createEventStreams } from './event-streams.ts';
import { createRides } from './rides.ts';
import { startTopicListener } from './topic-listener.ts';

await runExample(import.meta, ({ databaseUrl }) => {
  const log = createLog();
  const clock = () => new Date();

  // #region wire
  const pool = createPool({
    connectionString: databaseUrl,
    applicationName: 'rides',
    log,
  });
  const eventLog = createEventLog({ db: pool });
  const access = createAccess({ pool, clock });
  const { findReaders } = access;
  const streams = createEventStreams({ eventLog, findReaders, log });
  const listener = startTopicListener({
    url: databaseUrl,
    wake: streams.wake,
    log,
  });
  const pruning = setInterval(() => {
    eventLog
      .prune({ hours: 48 })
      .catch((error) => log.error('pruning failed', { error }));
  }, 3_600_000);
  // Before the server closes: it waits for streams, which never end.
  process.once('SIGTERM', streams.stop).once('SIGINT', streams.stop);

  async function stop() {
    clearInterval(pruning);
    await listener.stop();
    await pool.end();
  }
  // #endregion wire

  const rides = createRides({ pool, eventLog });
  const app = createApp({ access, rides, streams, log });
  return { app, commands: describeUse, stop };
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
