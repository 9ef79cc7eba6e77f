import { runExample } from '@touchstone/kit/app/run-example';
import { z } from 'zod';
import { readEnvironment } from '../../architecture/typed-configuration/environment.ts';
import { port } from '../../architecture/typed-configuration/fields.ts';
import { secret } from '../../architecture/typed-configuration/secret.ts';
import { createApp } from './app.ts';
import { startService } from './start-service.ts';

const environmentSchema = z.object({
  OPERATOR_TOKEN: secret(),
  MQTT_PORT: port().default(1883),
});

await runExample(import.meta, async ({ databaseUrl }) => {
  const settings = readEnvironment(environmentSchema);
  const { MQTT_PORT: mqttPort } = settings;
  const operatorToken = settings.OPERATOR_TOKEN.reveal();
  const log = console;
  const service = await startService({ databaseUrl, mqttPort, log });
  console.log(`devices: mqtt://127.0.0.1:${mqttPort}`);
  return {
    app: createApp({ ...service, operatorToken, log }),
    commands: (url) => describeUse(url, mqttPort),
    stop: service.stop,
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
