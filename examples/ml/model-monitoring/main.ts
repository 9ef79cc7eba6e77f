import { existsSync } from 'node:fs';
import { listen } from '@touchstone/kit/app/http';
import { runMain } from '@touchstone/kit/app/main';
import { Registry } from 'prom-client';
import { readEnvironment } from '../../architecture/typed-configuration/environment.ts';
import { createApp } from './app.ts';
import { environmentSchema } from './environment.ts';
import { createModelMonitor } from './model-monitor.ts';
import { createPredictionIds } from './prediction-ids.ts';
import { startWatchedModels } from './start-watched-models.ts';
import {
  trainWatchedModel,
  WORKER,
  writeWatchedModel,
} from './train-watched-model.ts';

await runMain(async (stopped) => {
  const settings = readEnvironment(environmentSchema);
  const registry = new Registry();
  const monitor = createModelMonitor({ registry });
  const models = await startWatchedModels({
    folder: settings.MODEL_FOLDER ?? (await openOwnFolder()),
    monitor,
    workerFile: WORKER,
    stuckMs: 2 * settings.DEADLINE,
    threads: settings.THREADS,
    log: console,
  });
  process.on('SIGHUP', models.reload);

  const app = createApp({
    models,
    monitor,
    ids: createPredictionIds({
      secret: settings.PREDICTION_SECRET.reveal(),
      remembered: 100_000,
    }),
    registry,
    createDeadline: () => AbortSignal.timeout(settings.DEADLINE),
    log: console,
  });
  {
    await using server = await listen(app, { port: settings.PORT });
    console.log(`listening on ${server.url}`);
    console.log(describeUse(server.url));
    await stopped;
  }
  await models.stop();
  // Neither exit() nor terminate() ends a thread in a native call.
  const kill = () => process.kill(process.pid, 'SIGKILL');
  setTimeout(kill, 1000).unref();
});

/** Without a folder of yours: a model that is trained here and kept. */
async function openOwnFolder(): Promise<URL> {
  const folder = new URL('.data/model/', import.meta.url);
  if (!existsSync(new URL('card.json', folder)))
    await writeWatchedModel(folder, await trainWatchedModel('1'));
  return folder;
}

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
