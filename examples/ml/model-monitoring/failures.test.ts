import { startPrometheus } from '@touchstone/kit/monitoring/prometheus';
import { failure } from '@touchstone/kit/testing/failure';
import { waitUntil } from '@touchstone/kit/time/wait';
import { expect } from 'vitest';
import { createSecrets } from './secrets.ts';
import { startTestApp } from './test-app.ts';
import { RULES, recordFleet } from './test-fleet.ts';
import { computePsi, sum } from './test-psi.ts';
import {
  changeInput,
  createTraffic,
  inInches,
  model,
  startProcess,
} from './test-traffic.ts';

failure(
  'A client sends one input in inches',
  {
    symptom:
      'Each answer is 201; `ModelDrift` fires and names the input and its bin: `input:petalLength`',
    defence: 'psi',
    remains:
      'A small part of the traffic stays under the limit: count big clients apart, by a version of their own',
  },
  async () => {
    await using app = await startTestApp();
    await using prometheus = await startPrometheus({
      rules: RULES,
      targets: [app.url],
    });
    await waitUntil('its zeros are scraped', async () => {
      const found = await prometheus.query('model_signal_total');
      return found.length > 0;
    });

    for (const { inputs } of createTraffic()(
      300,
      inInches('petalLength'),
    ))
      expect(await app.predict(inputs)).toMatchObject({ status: 201 });

    const find = async () =>
      (await prometheus.listAlerts()).filter(
        ({ labels: { alertname, signal, window } }) =>
          alertname === 'ModelDrift' &&
          signal?.startsWith('input:') &&
          window === '1h',
      );
    await waitUntil(
      'an alert fires',
      async () => (await find()).length > 0,
    );
    expect(await find()).toMatchObject([
      {
        state: 'firing',
        labels: { signal: 'input:petalLength', version: '1' },
        annotations: {
          summary: expect.stringContaining(
            'most of it in the bin below',
          ),
        },
      },
    ]);
  },
);

failure(
  'At night ten predictions come in an hour',
  {
    symptom:
      'PSI of five healthy signals is above 0.25, and no alert fires: for ten rows the limit is higher',
    defence: 'noise-limit',
    remains:
      'Ten rows show only a gross drift; the window of a day sees more',
  },
  async () => {
    const night = startProcess(model);
    const fleet = recordFleet();
    await fleet.scrape({ night: night.registry });
    await night.serve(createTraffic()(10));
    await fleet.scrape({ night: night.registry });

    await fleet.expectSamples(
      'count(signal:model_signal:psi{window="1h"} > 0.25)',
      [{ labels: '{}', value: 5 }],
    );
    await fleet.expectFiring([]);
  },
);

failure(
  'A value falls into a bin that no row of the reference was in',
  {
    symptom:
      'One flower in 500 is smaller than all before it: PSI stays small, where ln(x / 0) is infinite',
    defence: 'smooth-shares',
    remains:
      'The smaller the reference, the more half a row weighs: make it of thousands',
  },
  async () => {
    const process = startProcess(model);
    const fleet = recordFleet();
    await fleet.scrape({ a: process.registry });
    await process.serve(
      createTraffic()(
        500,
        changeInput('petalLength', (value, index) =>
          index === 0 ? 0.5 : value,
        ),
      ),
    );
    await fleet.scrape({ a: process.registry });

    await fleet.expectSamples(
      'signal:model_signal:psi{signal="input:petalLength", window="1h"} < bool 0.25',
      [
        {
          labels:
            '{signal="input:petalLength", version="1", window="1h"}',
          value: 1,
        },
      ],
    );
    await fleet.expectFiring([]);
  },
);

failure(
  'An input is null, NaN or left out in three of ten requests',
  {
    symptom:
      'The model answers with a mean in its place; `ModelDrift` fires, most of it in the bin `missing`',
    defence: 'find-bin',
    remains:
      'A value that somebody upstream made up: it drifts only if its bin grows',
  },
  async () => {
    const nothing = [null, Number.NaN, undefined];
    const process = startProcess(model);
    const fleet = recordFleet();
    await fleet.scrape({ a: process.registry });
    await process.serve(
      createTraffic()(
        500,
        changeInput('petalWidth', (value, index) =>
          index % 10 < 3 ? nothing[index % 10] : value,
        ),
      ),
    );
    await fleet.scrape({ a: process.registry });

    await fleet.expectFiring([
      'ModelDrift input:petalWidth 1h',
      'ModelDrift input:petalWidth 1d',
    ]);
    await fleet.expectSamples(
      'count by (bin) (topk(1, bin:model_signal:psi{window="1h"}))',
      [{ labels: '{bin="missing"}', value: 1 }],
    );
  },
);

failure(
  'An input drifts so slowly that no day differs from the day before',
  {
    symptom:
      '`ModelDrift` fires within three weeks: today is compared with the reference, never with yesterday',
    defence: 'psi',
    remains:
      'A season that the reference has not seen looks the same: take rows of a whole year',
  },
  async () => {
    const process = startProcess(model);
    const fleet = recordFleet({ everyMinutes: 120 });
    const draw = createTraffic();
    const totals: number[][] = [];
    await fleet.scrape({ a: process.registry });

    for (let day = 0; day < 21; day++) {
      const visits = changeInput(
        'sepalLength', // the data has tenths: spread them
        (value, index) => value + (index % 10) / 100 - 0.03 * day,
      );
      for (let scrape = 0; scrape < 12; scrape++) {
        await process.serve(draw(50, visits));
        await fleet.scrape({ a: process.registry });
      }
      totals.push(await process.count('input:sepalLength'));
      if (day === 4) await fleet.expectFiring(['ModelQualityUnknown']);
    }

    await fleet.expectFiring([
      'ModelDrift input:sepalLength 1d',
      'ModelQualityUnknown',
    ]);
    const days = totals.map((total, day) =>
      total.map((count, bin) => count - (totals[day - 1]?.[bin] ?? 0)),
    );
    for (const [day, counts] of days.entries())
      expect(computePsi(days[day - 1] ?? counts, counts)).toBeLessThan(
        0.25,
      );
  },
);

failure(
  'The model gives everybody the same answer while its inputs are fine',
  {
    symptom: '`ModelDrift` fires for `output:label`, and for no input',
    defence: 'observe',
    remains:
      'Answers that are wrong in the old proportions: only truths show them',
  },
  async () => {
    const process = startProcess({
      profile: model.profile,
      predict: async (inputs) => ({
        ...(await model.predict(inputs)),
        label: 'setosa',
      }),
    });
    const fleet = recordFleet();
    await fleet.scrape({ a: process.registry });
    await process.serve(createTraffic()(200));
    await fleet.scrape({ a: process.registry });

    await fleet.expectFiring([
      'ModelDrift output:label 1h',
      'ModelDrift output:label 1d',
    ]);
  },
);

failure(
  'What is right has changed, and the truth comes weeks later, to another process',
  {
    symptom:
      'Each truth is answered with 204, a second one with 409; `ModelQualityWorse` fires, `ModelDrift` does not',
    defence: 'prediction-id',
    remains:
      'Weeks pass before it shows; a truth sent twice to two processes counts twice',
  },
  async () => {
    const secret = createSecrets().PREDICTION_SECRET;
    const visits = createTraffic()(200);
    const ids: (string | undefined)[] = [];
    {
      await using predicting = await startTestApp(secret);
      for (const { inputs } of visits)
        ids.push((await predicting.predict(inputs)).body.id);
    }

    await using app = await startTestApp(secret);
    const fleet = recordFleet();
    await fleet.scrape({ other: app.registry });
    for (const [index, { truth }] of visits.entries()) {
      const now = index % 3 === 0 ? 'a new species' : truth;
      const answer = await app.tell(ids[index], now);
      expect(answer.status).toBe(204);
    }
    await fleet.scrape({ other: app.registry });

    expect(await app.tell(ids[0], 'setosa')).toMatchObject({
      status: 409,
      body: { code: 'already_judged' },
    });
    await fleet.expectFiring(['ModelQualityWorse']);
  },
);

failure(
  'The truth never comes',
  {
    symptom:
      '`ModelQualityUnknown` fires a day later; accuracy is not said to be good',
    defence: 'quality',
    remains:
      'Fifty truths a day may come from the easy cases only: draw them at random',
  },
  async () => {
    const process = startProcess(model);
    const fleet = recordFleet({ everyMinutes: 60 });
    const draw = createTraffic();
    await fleet.scrape({ a: process.registry });
    for (let hour = 1; hour <= 36; hour++) {
      await process.serve(draw(20));
      await fleet.scrape({ a: process.registry });
      if (hour === 18) await fleet.expectFiring([]);
    }

    await fleet.expectFiring(['ModelQualityUnknown']);
  },
);

failure(
  'One process has most of the traffic, and the other one restarts',
  {
    symptom:
      'PSI and its limit are those of all rows together, as if one process had counted them',
    defence: 'fleet-counts',
    remains:
      'What a process counted after its last scrape is lost when it dies',
  },
  async () => {
    const draw = createTraffic();
    const busy = startProcess(model);
    const quiet = startProcess(model);
    const restarted = startProcess(model);
    const fleet = recordFleet();
    const scrape = (other: typeof quiet) =>
      fleet.scrape({ busy: busy.registry, quiet: other.registry });
    await scrape(quiet);
    await busy.serve(draw(900));
    await quiet.serve(draw(60, inInches('petalLength')));
    await scrape(quiet);
    await scrape(restarted);
    await restarted.serve(draw(40, inInches('petalLength')));
    await scrape(restarted);

    const name = 'input:petalLength';
    const counts = await Promise.all(
      [busy, quiet, restarted].map((one) => one.count(name)),
    );
    const union = counts[0]?.map((_, bin) =>
      sum(counts.map((one) => one[bin] ?? 0)),
    );
    const reference = model.profile.inputs.petalLength?.counts ?? [];
    const psi = computePsi(reference, union ?? []);
    await fleet.expectSamples(
      `abs(signal:model_signal:psi{signal="${name}"} - ${psi}) < bool 1e-9`,
      ['1h', '1d'].map((window) => ({
        labels: `{signal="${name}", version="1", window="${window}"}`,
        value: 1,
      })),
    );
    await fleet.expectSamples(
      `sum(signal:model_signal:increase{signal="${name}", window="1h"})`,
      [{ labels: '{}', value: 1000 }],
    );
    await fleet.expectFiring([]);
  },
);

failure(
  'A stranger sends names and words of his own',
  {
    symptom:
      'Unknown inputs get 400 `invalid_request`; the number of time series does not change',
    defence: 'observe',
    remains:
      'Each version that predicts adds its series, until its processes have ended',
  },
  async () => {
    await using app = await startTestApp();
    const { body } = await app.predict({ petalLength: 1.4, ...REST });
    const before = await app.countSeries();

    for (let n = 0; n < 100; n++)
      expect(
        await app.predict({ petalLength: 1.4, ...REST, [`x${n}`]: n }),
      ).toMatchObject({
        status: 400,
        body: { code: 'invalid_request' },
      });
    for (let n = 0; n < 100; n++)
      app.observe({
        inputs: { petalLength: 1.4, [`x${n}`]: n },
        label: `label ${n}`,
        confidence: 1,
      });
    expect((await app.tell(body.id, 'a dragon')).status).toBe(204);

    expect(await app.countSeries()).toBe(before);
  },
);

const REST = { sepalLength: 5.1, sepalWidth: 3.5, petalWidth: 0.2 };
