import { existsSync } from 'node:fs';
import { listen } from '@touchstone/kit/app/http';
import { runMain } from '@touchstone/kit/app/main';
import { readEnvironment } from '../../architecture/typed-configuration/environment.ts';
import { createApp } from './app.ts';
import { settingsSchema } from './environment.ts';
import { startModels } from './start-models.ts';
import { trainInto } from './train-model.ts';

await runMain(async (stopped) => {
  const settings = readEnvironment(settingsSchema);
  const deadlineMs = settings.DEADLINE;
  const folder = settings.MODEL_FOLDER ?? (await openOwnFolder());
  const models = await startModels({
    folder,
    deadlineMs,
    threads: settings.THREADS,
    maxWaiting: settings.MAX_WAITING,
    log: console,
  });
  process.on('SIGHUP', models.reload);

  const createDeadline = () => AbortSignal.timeout(deadlineMs);
  const app = createApp({ models, createDeadline, log: console });
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
