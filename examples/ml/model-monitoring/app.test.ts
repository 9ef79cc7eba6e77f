import { runProgram } from '@touchstone/kit/programs/program';
import { expect, it } from 'vitest';
import { startTestApp } from './test-app.ts';

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
    confidence: expect.any(Number),
  });
  expect(await app.tell(body.id, 'setosa')).toEqual({
    status: 204,
    body: {},
  });
  expect(await app.readMetrics()).toContain(
    'model_outcome_total{version="1",outcome="right"} 1',
  );
});

it('predicts with a mean where a value is null', async () => {
  await using app = await startTestApp();

  expect(
    await app.predict({ ...FLOWER, petalWidth: null }),
  ).toMatchObject({ status: 201, body: { label: 'setosa' } });
});

it('refuses a body that is not what the route asks for', async () => {
  await using app = await startTestApp();
  const refused = { status: 400, body: { code: 'invalid_request' } };

  for (const body of [{}, { ...FLOWER, petalWidth: '0.2' }, [FLOWER]])
    expect(await app.send('/predictions', body)).toMatchObject(refused);
  for (const body of [{}, { id: 'x' }, { id: 'x', label: '' }])
    expect(await app.send('/truths', body)).toMatchObject(refused);
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

it('does not start with a secret that is missing or well known', async () => {
  const main = new URL('main.ts', import.meta.url);
  for (const secret of [
    '',
    'change-me-change-me-change-me-change-me-1234',
  ]) {
    const { code, errors } = await runProgram(main, {
      PREDICTION_SECRET: secret,
      PORT: '0',
    });
    expect(code).toBe(1);
    expect(errors).toContain('npx tsx secrets.ts');
  }
});
