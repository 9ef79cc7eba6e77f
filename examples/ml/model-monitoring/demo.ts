import { startPrometheus } from '@touchstone/kit/monitoring/prometheus';
import { startProgram } from '@touchstone/kit/programs/program';
import { waitUntil } from '@touchstone/kit/time/wait';
import { createSecrets } from './secrets.ts';
import { createClient } from './test-client.ts';
import { createTraffic, inInches, type Visit } from './test-traffic.ts';

const MAIN = new URL('main.ts', import.meta.url);
const environment = { ...createSecrets(), PORT: '0' };
await using one = await startProgram(MAIN, environment);
await using two = await startProgram(MAIN, environment);
await using prometheus = await startPrometheus({
  rules: new URL('alerts.yml', import.meta.url),
  targets: [one.url, two.url],
});
const [busy, quiet] = [createClient(one.url), createClient(two.url)];
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
  'an alert fires',
  async () => (await listDrifts()).length > 0,
);
await report();

const [visit] = draw(1);
const answer = await busy.predict(visit?.inputs ?? {});
const told = await quiet.tell(answer.body.id, 'setosa');
console.log(`the truth, told to the other process: ${told.status}`);
const again = await quiet.tell(answer.body.id, 'setosa');
console.log(`told twice: ${again.status} ${again.body.code}`);

async function serve(
  client: ReturnType<typeof createClient>,
  visits: Visit[],
) {
  for (const { inputs } of visits) await client.predict(inputs);
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
