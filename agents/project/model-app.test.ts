import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { type Flower, trainIrisModel } from '../../examples/kit/models/iris-model.ts';
import { startPrometheus } from '../../examples/kit/monitoring/prometheus.ts';
import { openPool } from '../../examples/kit/postgres/database.ts';
import { startPostgres } from '../../examples/kit/postgres/server.ts';
import { startProgram } from '../../examples/kit/programs/program.ts';
import { waitUntil } from '../../examples/kit/time/wait.ts';
import { trainVersion } from '../../examples/ml/ab-testing/train-version.ts';
import {
  trainWatchedModel,
  writeWatchedModel,
} from '../../examples/ml/model-monitoring/train-watched-model.ts';
import { shareBytes } from '../../examples/ml/model-serving/model-file.ts';
import { buildApp } from '../testing/build-app.ts';
import { makeFolder } from '../testing/test-library.ts';

const { labels, testSet, features } = trainIrisModel();

/** To end what hangs: it builds an app, and a busy machine is slow. */
const PATIENCE_MS = 600_000;

it(
  'an app of three patterns rolls a worse model back, and is alerted when its inputs change',
  async () => {
    using app = await buildApp('model-app', ['ab-testing', 'model-monitoring']);
    await using postgres = await startPostgres();
    await using database = openPool(postgres.url);
    for (const name of readdirSync(app.migrations).sort())
      await database.pool.query(readFileSync(join(app.migrations, name), 'utf8'));
    using models = makeFolder();
    await writeModels(models.folder);
    await using program = await startProgram(app.main, {
      DATABASE_URL: postgres.url,
      MODELS: models.folder,
      PREDICTION_SECRET: randomBytes(32).toString('hex'),
    });
    const rules = new URL('patterns/model-monitoring/alerts.yml', app.main);
    await using prometheus = await startPrometheus({ rules, targets: [program.url] });
    await waitUntil('the first scrape is done', async () => {
      const zeros = await prometheus.query('model_signal_total');
      return zeros.length > 0;
    });
    const { send, visit, tell } = createClient(program.url);

    await send('/changes', { to: 'shadow', candidate: '2' });
    const { trial } = await send('/trial');
    await send('/changes', { to: 'canary', trial: trial.id, share: 0.5 });
    const told = new Map<string, number>();
    for (let user = 0; (await send('/trial')).trial; user++) {
      const flower = testSet[user % testSet.length];
      if (!flower || user > 2000) throw new Error('the canary is not rolled back');
      const prediction = await visit(`user-${user}`, flower);
      await tell(prediction, flower);
      told.set(prediction.version, (told.get(prediction.version) ?? 0) + 1);
    }

    expect(await send('/trial')).toMatchObject({ live: '1' });
    expect(await visit('somebody', testSet[0])).toMatchObject({ version: '1' });
    for (const [version, count] of told) {
      const outcomes = await countOutcomes(program.url, `irises@${version}`);
      expect(outcomes.right + outcomes.wrong).toBe(count);
      expect(outcomes.wrong / count > 0.3).toBe(version === '2');
    }

    for (let user = 0; user < 300; user++) {
      const flower = testSet[user % testSet.length];
      if (flower) await visit(`late-${user}`, toInches(flower));
    }
    await waitUntil('the drift is seen', async () =>
      (await prometheus.listAlerts()).some(
        ({ labels: { alertname, model, signal } }) =>
          alertname === 'ModelDrift' && model === 'irises@1' && signal === 'input:petalLength',
      ),
    );
  },
  PATIENCE_MS,
);

/** Version 2 was as good as version 1 when it was made, as its reference says, and is not where it serves. */
async function writeModels(folder: string) {
  const first = await trainWatchedModel('1');
  const { card, onnx } = await trainVersion('2', { mislabelled: 0.9 });
  const second = {
    model: { card, bytes: shareBytes(onnx) },
    reference: { ...first.reference, sha256: card.sha256 },
  };
  await writeWatchedModel(pathToFileURL(`${folder}/1/`), first);
  await writeWatchedModel(pathToFileURL(`${folder}/2/`), second);
}

/** The third of its lengths. */
const toInches = ({ features, label }: Flower): Flower => ({
  features: features.map((length, index) => (index === 2 ? length / 2.54 : length)),
  label,
});

type Visited = { id: string; trial?: string; version: string; label: string };

function createClient(url: string) {
  async function send(path: string, body?: object) {
    const headers = { 'content-type': 'application/json' };
    const options = body && { method: 'POST', headers, body: JSON.stringify(body) };
    const response = await fetch(`${url}${path}`, options);
    if (!response.ok) throw new Error(`${path} answers ${response.status}`);
    return await response.json();
  }
  const visit = (user: string, flower: Flower | undefined): Promise<Visited> =>
    send('/predictions', {
      user,
      flower: Object.fromEntries(
        features.map(({ name }, index) => [name, flower?.features[index]]),
      ),
    });
  const tell = ({ id, trial }: Visited, { label }: Flower) =>
    send('/truths', { id, trial, label: labels[label] });
  return { send, visit, tell };
}

async function countOutcomes(url: string, model: string) {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const count = (outcome: string) => {
    const line = new RegExp(
      `^model_signal_total\\{model="${model}",signal="truth",bin="${outcome}"\\} (\\d+)$`,
      'm',
    );
    return Number(line.exec(metrics)?.[1] ?? Number.NaN);
  };
  return { right: count('right'), wrong: count('wrong') };
}
