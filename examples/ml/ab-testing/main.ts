import { existsSync } from 'node:fs';
import { runExample } from '@touchstone/kit/app/run-example';
import { readEnvironment } from '../../architecture/typed-configuration/environment.ts';
import { createApp } from './app.ts';
import { settingsSchema } from './environment.ts';
import { startTrials } from './start-trials.ts';
import { trainVersion, writeVersion } from './train-version.ts';

await runExample(import.meta, async ({ pool }) => {
  const settings = readEnvironment(settingsSchema);
  const deadlineMs = settings.DEADLINE;
  const trials = await startTrials({
    pool,
    folder: settings.MODELS ?? (await openOwnFolder()),
    deadlineMs,
    log: console,
  });
  const app = createApp({
    trials,
    createDeadline: () => AbortSignal.timeout(deadlineMs),
    operatorToken: settings.OPERATOR_TOKEN.reveal(),
    log: console,
  });

  /** The last answer is given; what happened is written down. */
  async function stop() {
    await trials.stop();
    // Neither exit() nor terminate() ends a thread in a native call.
    const kill = () => process.kill(process.pid, 'SIGKILL');
    setTimeout(kill, 1000).unref();
  }
  return { app, commands, stop };
});

/** Without a folder of yours: versions that are trained here and kept. */
async function openOwnFolder(): Promise<URL> {
  const folder = new URL('.data/models/', import.meta.url);
  if (existsSync(folder)) return folder;
  const first = await trainVersion('1', { mislabelled: 0.5 });
  await writeVersion(folder, first);
  await writeVersion(folder, await trainVersion('2'));
  return folder;
}

function commands(url: string): string[] {
  const json = `-H 'content-type: application/json'`;
  const token = `-H "authorization: Bearer $OPERATOR_TOKEN" ${json}`;
  const flower = {
    sepalLength: 5.9,
    sepalWidth: 3,
    petalLength: 4.2,
    petalWidth: 1.5,
  };
  const command = { to: 'shadow', candidate: '2' };
  const change = { reason: 'a try', command };
  const outcome = { prediction: '<the id>', truth: 'versicolor' };
  return [
    `curl ${url}/changes ${token} -d '${JSON.stringify(change)}'`,
    `curl ${url}/predictions ${json} -d '${JSON.stringify({ user: 'eve', flower })}'`,
    `curl ${url}/outcomes ${token} -d '${JSON.stringify(outcome)}'`,
    `curl ${url}/trial ${token}`,
  ];
}
