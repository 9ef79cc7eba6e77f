import { expect, it } from 'vitest';
import { recordFleet } from './test-fleet.ts';
import { computePsi, sum } from './test-psi.ts';
import {
  createTraffic,
  inInches,
  model,
  startProcess,
} from './test-traffic.ts';

it('exports zeros from the start, so that the first prediction is an increase', async () => {
  const process = startProcess(model);

  const text = await process.registry.metrics();

  expect(text).toContain(
    'model_signal_total{version="1",signal="input:petalWidth",bin="missing"} 0',
  );
  expect(text).toContain(
    'model_outcome_total{version="1",outcome="wrong"} 0',
  );
});

it('counts each prediction once in each signal, and each scrape tells the same', async () => {
  const process = startProcess(model);
  await process.serve(createTraffic()(70));

  for (const signal of [
    'input:sepalWidth',
    'output:label',
    'output:confidence',
  ]) {
    expect(sum(await process.count(signal))).toBe(70);
    expect(await process.count(signal)).toEqual(
      await process.count(signal),
    );
  }
});

it('counts a truth for the version that predicted, whichever runs now', async () => {
  const process = startProcess(model);

  process.judge({ version: '0', predicted: 'setosa', truth: 'setosa' });
  process.judge({
    version: '0',
    predicted: 'setosa',
    truth: 'virginica',
  });
  process.judge({ version: '1', predicted: 'setosa', truth: 'setosa' });

  const text = await process.registry.metrics();
  const counts = text.match(/^model_outcome_total.*/gm);
  expect(counts).toEqual([
    'model_outcome_total{version="1",outcome="right"} 1',
    'model_outcome_total{version="1",outcome="wrong"} 0',
    'model_outcome_total{version="0",outcome="right"} 1',
    'model_outcome_total{version="0",outcome="wrong"} 1',
  ]);
});

it('counts an answer that is no label as other', async () => {
  const process = startProcess(model);

  process.observe({ inputs: {}, label: 'dragon', confidence: 1 });

  expect(await process.count('output:label')).toEqual([0, 0, 0, 1]);
});

it('has rules that compute the PSI and the limit of the second writing', async () => {
  const process = startProcess(model);
  const fleet = recordFleet();
  await fleet.scrape({ a: process.registry });
  await process.serve(createTraffic()(300, inInches('sepalWidth')));
  await fleet.scrape({ a: process.registry });

  for (const signal of [
    ...Object.values(model.profile.inputs),
    model.profile.label,
  ]) {
    const psi = computePsi(
      signal.counts,
      await process.count(signal.name),
    );
    await fleet.expectSamples(
      `abs(sum(signal:model_signal:psi{signal="${signal.name}", window="1h"}) - ${psi}) < bool 1e-9`,
      [{ labels: '{}', value: 1 }],
    );
  }
});

it('stays quiet over a healthy day with truths, and says so', async () => {
  const process = startProcess(model);
  const fleet = recordFleet({ everyMinutes: 60 });
  const draw = createTraffic(2);
  await fleet.scrape({ a: process.registry });

  for (let scrape = 0; scrape < 48; scrape++) {
    const visits = draw(20);
    await process.serve(visits);
    for (const { inputs, truth } of visits) {
      const { label: predicted } = await model.predict(inputs);
      process.judge({ version: '1', predicted, truth });
    }
    await fleet.scrape({ a: process.registry });
    if (scrape % 24 === 23) await fleet.expectFiring([]);
  }
});
