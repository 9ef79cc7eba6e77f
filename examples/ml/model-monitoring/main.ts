import { readEnvironment } from '@touchstone/kit/app/environment';
import { listen } from '@touchstone/kit/app/http';
import { runMain } from '@touchstone/kit/app/main';
import { Registry } from 'prom-client';
import { createApp } from './app.ts';
import { environmentSchema } from './environment.ts';
import { createModelMonitor } from './model-monitor.ts';
import { createPredictionIds } from './prediction-ids.ts';
import { loadWatchedModel } from './watched-model.ts';

await runMain(async (stopped) => {
  const settings = readEnvironment(environmentSchema);
  const model = await loadWatchedModel('1');
  const registry = new Registry();
  const { profile } = model;
  const app = createApp({
    model,
    monitor: createModelMonitor({ profile, registry }),
    ids: createPredictionIds({ secret: settings.PREDICTION_SECRET }),
    registry,
    log: console,
  });
  await using server = await listen(app, { port: settings.PORT });
  console.log(`listening on ${server.url}`);
  console.log(describeUse(server.url));
  await stopped;
});

function describeUse(url: string): string {
  const post = (path: string, body: object) =>
    `  curl ${url}${path} -H 'content-type: application/json' -d '${JSON.stringify(body)}'`;
  const flower = {
    sepalLength: 5.1,
    sepalWidth: 3.5,
    petalLength: 1.4,
    petalWidth: 0.2,
  };
  return [
    'try:',
    post('/predictions', flower),
    post('/predictions', { ...flower, petalLength: null }),
    post('/truths', { id: '<the one you got>', label: 'setosa' }),
    `  curl ${url}/metrics`,
  ].join('\n');
}
