import { once } from 'node:events';
import { createServer } from 'node:net';
import { runExample } from '@touchstone/kit/app/run-example';
import { z } from 'zod';
import { readEnvironment } from '../../architecture/typed-configuration/environment.ts';
import { port } from '../../architecture/typed-configuration/fields.ts';
import { secret } from '../../architecture/typed-configuration/secret.ts';
import { createPool } from '../../postgres/connection-pooling/create-pool.ts';
import { createApp } from './app.ts';
import { startIngestion } from './ingestion.ts';
import { deleteReceivedBefore } from './retention.ts';

const environmentSchema = z.object({
  OPERATOR_TOKEN: secret(),
  MQTT_PORT: port().default(1883),
});

const log = console;
const HOUR_MS = 3_600_000;

await runExample(import.meta, async ({ databaseUrl }) => {
  const settings = readEnvironment(environmentSchema);
  // #region wire
  const pool = createPool({
    connectionString: databaseUrl,
    applicationName: 'ingestion',
    log,
  });
  const ingestion = await startIngestion({
    pool,
    clock: () => new Date(),
    log,
  });
  const server = createServer(ingestion.handle); // or tls.createServer
  server.maxConnections = 10_000;
  server.listen(settings.MQTT_PORT, '127.0.0.1');
  await once(server, 'listening');

  async function cleanUp() {
    const before = new Date(Date.now() - 90 * 24 * HOUR_MS);
    try {
      while ((await deleteReceivedBefore(pool, before)) > 0);
    } catch (error) {
      log.warn('old readings cannot be deleted', { error });
    }
  }
  const timer = setInterval(cleanUp, HOUR_MS);

  async function stop() {
    clearInterval(timer);
    server.close();
    await ingestion[Symbol.asyncDispose]();
    await pool.end();
  }
  // #endregion wire

  const operatorToken = settings.OPERATOR_TOKEN.reveal();
  console.log(`devices: mqtt://127.0.0.1:${settings.MQTT_PORT}`);
  return {
    app: createApp({ ...ingestion, pool, operatorToken, log }),
    commands: (url) => describeUse(url, settings.MQTT_PORT),
    stop,
  };
});

function describeUse(url: string, mqttPort: number): string[] {
  const asOperator = `-H "authorization: Bearer $OPERATOR_TOKEN"`;
  const json = `-H 'content-type: application/json'`;
  const reading = `"{\\"sequence\\":$(date +%s),\\"at\\":$(date +%s000),\\"metric\\":\\"celsius\\",\\"value\\":21.5}"`;
  return [
    `curl ${url}/devices ${asOperator} ${json} -d '{"id":"kitchen"}'`,
    `mosquitto_pub -p ${mqttPort} -q 1 -i kitchen -u kitchen -P <the key> -t devices/kitchen/readings -m ${reading}`,
    `curl ${url}/readings/latest`,
  ];
}
