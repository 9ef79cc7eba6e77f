import { randomBytes } from 'node:crypto';
import { startPrometheus } from '@touchstone/kit/monitoring/prometheus';
import { startProgram } from '@touchstone/kit/programs/program';
import { waitUntil } from '@touchstone/kit/time/wait';
import { createModelClient } from './test-model-client.ts';
import { createTraffic, inInches, type Visit } from './test-traffic.ts';

const MAIN = new URL('main.ts', import.meta.url);
const secret = randomBytes(32).toString('base64url');
const environment = { PREDICTION_SECRET: secret, PORT: '0' };
await using one = await startProgram(MAIN, environment);
await using two = await startProgram(MAIN, environment);
await using prometheus = await startPrometheus({
  rules: new URL('alerts.yml', import.meta.url),
  targets: [one.url, two.url],
});
const busy = createModelClient(one.url);
const quiet = createModelClient(two.url);
const draw = createTraffic();
await waitForSamples('sum(up)', 2);
console.log('Prometheus scrapes two processes');

await serve(busy, draw(360));
await serve(quiet, draw(40));
await waitForSamples(
  'sum(model_signal_total{signal="output:label"})',
  400,
);
console.log('400 healthy predictions, nine of ten by one process');
await report();

await serve(busy, draw(360, inInches('petalLength')));
await serve(quiet, draw(40, inInches('petalLength')));
console.log('400 more, but now petalLength comes in inches');
await waitUntil(
  'an alert is pending',
  async () => (await listDrifts()).length > 0,
);
await report();

const [visit] = draw(1);
const answer = await busy.predict(visit?.flower);
const told = await quiet.tell(answer.body.id, 'setosa');
console.log(`the truth, told to the other process: ${told.status}`);
const again = await quiet.tell(answer.body.id, 'setosa');
console.log(`told twice: ${again.status} ${again.body.code}`);

async function serve(
  client: ReturnType<typeof createModelClient>,
  visits: Visit[],
) {
  for (const { flower } of visits) await client.predict(flower);
}

async function waitForSamples(expression: string, value: number) {
  await waitUntil(`${expression} is ${value}`, async () => {
    const [found] = await prometheus.query(expression);
    return found?.value === value;
  });
}

/** Inputs only: the answers change with them. */
async function listDrifts() {
  const alerts = await prometheus.listAlerts();
  return alerts.filter(
    ({ labels }) =>
      labels.alertname === 'ModelDrift' &&
      labels.window === '1h' &&
      labels.signal?.startsWith('input:'),
  );
}

async function report() {
  const drifts = await listDrifts();
  if (drifts.length === 0) console.log('no alert');
  for (const { labels, annotations, state } of drifts) {
    const bin = / the bin (.*)$/.exec(annotations.summary ?? '')?.[1];
    console.log(
      `${labels.alertname} is ${state}: ${labels.signal}, most in the bin ${bin}`,
    );
  }
}
