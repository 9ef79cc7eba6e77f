import { createModelFolder } from '@touchstone/kit/models/iris-files';
import {
  runProgram,
  startProgram,
} from '@touchstone/kit/programs/program';
import { createTestLog } from '@touchstone/kit/testing/log';
import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { createModelMonitor } from './model-monitor.ts';
import { startWatchedModels } from './start-watched-models.ts';
import { SECRET, startTestApp } from './test-app.ts';
import { createModelClient } from './test-model-client.ts';
import { model, never } from './test-process.ts';
import { WORKER, writeWatchedModel } from './train-watched-model.ts';

const MAIN = new URL('main.ts', import.meta.url);
const FLOWER = {
  sepalLength: 5.1,
  sepalWidth: 3.5,
  petalLength: 1.4,
  petalWidth: 0.2,
};

it('predicts, and takes the truth when it is known', async () => {
  await using app = await startTestApp();

  const { status, body } = await app.predict(FLOWER);

  expect(status).toBe(201);
  expect(body).toEqual({
    id: expect.any(String),
    version: '1',
    label: 'setosa',
    probabilities: expect.any(Object),
  });
  expect(await app.tell(body.id, 'setosa')).toMatchObject({
    status: 204,
    body: {},
  });
  await app.readMetrics();
  expect(await app.readMetrics()).toContain(
    'model_signal_total{model="irises@1",signal="truth",bin="right"} 1',
  );
});

it('predicts with a mean where a value is null', async () => {
  await using app = await startTestApp();

  expect(
    await app.predict({ ...FLOWER, petalWidth: null }),
  ).toMatchObject({ status: 201, body: { label: 'setosa' } });
});

it('answers 504 when the deadline has passed', async () => {
  const late = new DOMException('', 'TimeoutError');
  await using app = await startTestApp({
    createDeadline: () => AbortSignal.abort(late),
  });

  expect(await app.predict(FLOWER)).toMatchObject({
    status: 504,
    body: { code: 'deadline_exceeded' },
  });
});

it('refuses a body that is not what the route asks for', async () => {
  await using app = await startTestApp();
  const refused = { status: 400, body: { code: 'invalid_request' } };

  for (const body of [{}, { ...FLOWER, petalWidth: '0.2' }, [FLOWER]])
    expect(await app.predict(body)).toMatchObject(refused);
  for (const body of [{}, { id: 'x' }, { id: 'x', label: '' }])
    expect(await app.send('POST', '/truths', { body })).toMatchObject(
      refused,
    );
});

it('knows no prediction that it has not made', async () => {
  await using app = await startTestApp();

  expect(await app.tell('W10.x', 'setosa')).toMatchObject({
    status: 404,
    body: { code: 'unknown_prediction' },
  });
});

it('tells Prometheus in its text format', async () => {
  await using app = await startTestApp();

  const { headers } = await fetch(`${app.url}/metrics`);

  expect(headers.get('content-type')).toContain(
    'text/plain; version=0.0.4',
  );
});

it('watches the next version that is loaded, and refuses one with the reference of another', async () => {
  await using files = await createModelFolder();
  const { folder, write } = files;
  await writeWatchedModel(folder, model);
  const registry = new Registry();
  const log = createTestLog();
  const models = await startWatchedModels({
    folder,
    monitor: createModelMonitor({ registry }),
    workerFile: WORKER,
    stuckMs: 60_000,
    log,
  });
  const ask = () => models.current().predict(FLOWER, never());
  const card = { ...model.model.card, version: '2' };
  const { bytes } = model.model;
  const [example] = card.examples;
  const load = async (change: object, reference: object) => {
    const changed = { bytes, card: { ...card, ...change } };
    await writeWatchedModel(folder, { ...model, model: changed });
    const text = { ...model.reference, ...reference };
    await write('reference.json', JSON.stringify(text));
    await models.reload();
  };
  await load({}, { heldOut: 0 });
  await load({}, { labels: [1] });
  // Threads refuse it: its reference must not stay.
  const wrong = { ...example, probabilities: [1, 0, 0, 0] };
  await load({ examples: [wrong] }, { right: 1 });
  expect(log.entries).toMatchObject(
    Array(3).fill({ message: 'model refused' }),
  );
  expect((await ask()).version).toBe('1');
  expect(await registry.metrics()).not.toContain('irises@2');

  await load({}, {});

  expect((await ask()).version).toBe('2');
  await registry.metrics(); // zeros
  expect(await registry.metrics()).toContain(
    'model_signal_total{model="irises@2",signal="output:label",bin="setosa"} 1',
  );
  await models.stop();
});

it('starts with a model of its own, and ends in order on SIGTERM', async () => {
  await using program = await startProgram(MAIN, {
    PREDICTION_SECRET: SECRET,
    PORT: '0',
  });
  const client = createModelClient(program.url);

  expect((await client.predict(FLOWER)).status).toBe(201);
  expect(await program.kill('SIGTERM')).toBe(0);
});

it('does not start with a secret that is missing or well known', async () => {
  for (const secret of [
    undefined,
    'change-me-change-me-change-me-change-me-1234',
  ]) {
    const { code, errors } = await runProgram(MAIN, {
      ...(secret && { PREDICTION_SECRET: secret }),
      PORT: '0',
    });
    expect(code).toBe(1);
    expect(errors).toContain('PREDICTION_SECRET');
  }
});
