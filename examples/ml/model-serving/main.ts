import { existsSync } from 'node:fs';
import { readEnvironment } from '@touchstone/kit/app/environment';
import { listen } from '@touchstone/kit/app/http';
import { runMain } from '@touchstone/kit/app/main';
import { createApp } from './app.ts';
import { environmentSchema } from './environment.ts';
import { readModel } from './model-file.ts';
import { startModelPool } from './model-pool.ts';
import { createModelServer } from './model-server.ts';
import { trainInto } from './train-model.ts';

await runMain(async (stopped) => {
  const settings = readEnvironment(environmentSchema);
  const folder = settings.MODEL_FOLDER ?? (await openOwnFolder());
  const models = await createModelServer({
    read: () => readModel(folder),
    start: (model) =>
      startModelPool({
        model,
        log: console,
        threads: settings.THREADS,
        maxWaiting: settings.MAX_WAITING,
      }),
    log: console,
  });
  process.on('SIGHUP', models.reload);

  const createDeadline = () =>
    AbortSignal.timeout(settings.DEADLINE_MILLISECONDS);
  const app = createApp({ models, createDeadline, log: console });
  {
    await using server = await listen(app, { port: settings.PORT });
    console.log(`listening on ${server.url}`);
    console.log(describeUse(server.url));
    await stopped;
  }
  // After the last answer: a thread cannot be stopped in its work.
  await models.stop();
});

/** Without a folder of yours: a model that is trained here and kept. */
async function openOwnFolder(): Promise<URL> {
  const folder = new URL('.data/model/', import.meta.url);
  if (!existsSync(new URL('card.json', folder)))
    await trainInto(folder, '1');
  return folder;
}

function describeUse(url: string): string {
  const flower = JSON.stringify({
    sepalLength: 5.9,
    sepalWidth: 3,
    petalLength: 4.2,
    petalWidth: 1.5,
  });
  return [
    'try:',
    `  curl ${url}/predictions -H 'content-type: application/json' -d '${flower}'`,
    `  curl ${url}/model`,
    `  kill -HUP ${process.pid}   # load the files of the model again`,
  ].join('\n');
}
