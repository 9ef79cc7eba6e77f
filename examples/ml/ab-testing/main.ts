import { readEnvironment } from '@touchstone/kit/app/environment';
import { listen } from '@touchstone/kit/app/http';
import { runMain } from '@touchstone/kit/app/main';
import { openDatabase } from '@touchstone/kit/postgres/database';
import { createApp } from './app.ts';
import { environmentSchema } from './environment.ts';
import { startModelDeployment } from './model-deployment.ts';

await runMain(async (stopped) => {
  const settings = readEnvironment(environmentSchema);
  await using database = await openDatabase({
    url: settings.DATABASE_URL,
    schema: new URL('schema.sql', import.meta.url),
    dataFolder: new URL('.data/postgres', import.meta.url),
  });
  const deployment = await startModelDeployment({
    pool: database.pool,
    model: 'iris',
    log: console,
    followMilliseconds: settings.FOLLOW_MILLISECONDS,
  });
  {
    const operators = settings.OPERATORS;
    const app = createApp({ deployment, operators, log: console });
    await using server = await listen(app, { port: settings.PORT });
    console.log(`listening on ${server.url}`);
    console.log(describeUse(server.url));
    await stopped;
  }
  // After the last answer: what was predicted is written down.
  await deployment.stop();
});

function describeUse(url: string): string {
  const json = `-H 'content-type: application/json'`;
  const ada = `-H "authorization: Bearer $TOKEN" ${json}`;
  const flower = { user: 'eve', row: [5.9, 3, 4.2, 1.5] };
  const outcome = { prediction: '<the id>', truth: 'versicolor' };
  const live = { seen: 0, to: 'live', version: '1', reason: 'first' };
  return [
    'try, with the token of an operator in TOKEN:',
    '  npx tsx train-version.ts 1 > version-1.json',
    `  curl ${url}/versions ${ada} -d @version-1.json`,
    `  curl ${url}/stages ${ada} -d '${JSON.stringify(live)}'`,
    `  curl ${url}/predictions ${json} -d '${JSON.stringify(flower)}'`,
    `  curl ${url}/outcomes ${json} -d '${JSON.stringify(outcome)}'`,
    `  curl ${url}/trial ${ada}`,
  ].join('\n');
}
