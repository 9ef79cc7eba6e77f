import { createHmac } from 'node:crypto';
import { createModelFolder } from '@touchstone/kit/models/iris-files';
import { startPrometheus } from '@touchstone/kit/monitoring/prometheus';
import { failure } from '@touchstone/kit/testing/failure';
import { seededRandom } from '@touchstone/kit/testing/random';
import { waitUntil } from '@touchstone/kit/time/wait';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { findLimit, smoothShares, sum } from './export-signals.ts';
import { createModelMonitor, watchPool } from './model-monitor.ts';
import {
  createReference,
  findBin,
  type ModelReference,
  modelReference,
  readReference,
} from './model-reference.ts';
import { createPredictionIds } from './prediction-ids.ts';
import { SECRET, startTestApp } from './test-app.ts';
import {
  answer,
  createCard,
  createSimpleReference,
} from './test-card.ts';
import { RULES, recordFleet, useRules } from './test-fleet.ts';
import {
  model,
  never,
  startPool,
  startProcess,
} from './test-process.ts';
import { computePsi } from './test-psi.ts';
import { startSimpleProcess } from './test-simple-process.ts';
import {
  changeInput,
  createTraffic,
  inInches,
} from './test-traffic.ts';

const FLOWER = {
  sepalLength: 5.1,
  sepalWidth: 3.5,
  petalLength: 1.4,
  petalWidth: 0.2,
};

failure(
  'A client sends one input in inches',
  {
    symptom:
      'Each answer is 201; `ModelDrift` names the input and its bin, at once as pending, and fires 15 minutes later',
    defence: 'psi',
    remains:
      'A small share of the rows raises no alert: the table of sensitivity says which',
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

    for (const { flower } of createTraffic()(
      300,
      inInches('petalLength'),
    ))
      expect(await app.predict(flower)).toMatchObject({ status: 201 });

    const find = async () =>
      (await prometheus.listAlerts()).filter(
        ({ labels: { alertname, signal } }) =>
          alertname === 'ModelDrift' && signal?.startsWith('input:'),
      );
    await waitUntil(
      'an alert is pending',
      async () => (await find()).length > 0,
    );
    expect(await find()).toMatchObject([
      {
        state: 'pending',
        labels: {
          signal: 'input:petalLength',
          model: 'irises@1',
          window: '1h',
          severity: 'warning',
        },
        annotations: {
          summary: expect.stringMatching(
            /^input:petalLength of model irises@1 is not what it was: PSI \d\.\d\d over 1h, most of it in the bin below$/,
          ),
        },
      },
    ]);
  },
);

failure(
  'One row of twenty is in another unit',
  {
    symptom:
      '`ModelInputOutside` fires and names the bin, `below` or `above`; PSI stays small',
    defence: 'outside',
    remains:
      'Values of another unit that are inside the range of the reference',
  },
  async () => {
    const process = startSimpleProcess();
    const fleet = recordFleet();
    const targets = { a: process.registry };
    await fleet.scrape(targets);
    process.observe(2850, (n) => n % 100);
    process.observe(75, () => -5);
    process.observe(75, () => 105);
    await fleet.pass(14, targets);
    await fleet.expectFiring([]);

    process.observe(100, () => -5);
    await fleet.pass(16, targets);

    await fleet.expectFiring(['ModelInputOutside input:x 1h below']);
    await fleet.expectSamples('signal:model_signal:psi > 0.25', []);
  },
);

failure(
  'At night ten predictions come in an hour',
  {
    symptom:
      'PSI of four healthy signals is above 0.25, and no alert fires: for ten rows the limit is higher',
    defence: 'noise-limit',
    remains:
      'Ten rows show only a gross drift; the window of a day sees more',
  },
  async () => {
    const night = startProcess();
    const fleet = recordFleet();
    const targets = { night: night.registry };
    await fleet.scrape(targets);
    await night.serve(createTraffic()(10));
    await fleet.pass(17, targets);

    await fleet.expectSamples(
      'count(signal:model_signal:psi{window="1h"} > 0.25)',
      [{ labels: '{}', value: 4 }],
    );
    await fleet.expectFiring([]);
  },
);

failure(
  'Each client sends five rows that are alike',
  {
    symptom:
      'No alert when the rows have not changed: with `rowsAlike: 5` the limits are five times as high',
    defence: 'noise-limit',
    remains:
      'You must know the number. With too small a one, false alarms come each day, as the table shows',
  },
  async () => {
    const alarms = async (rowsAlike: number) => {
      const random = seededRandom(2);
      const process = startSimpleProcess({ rowsAlike });
      const fleet = recordFleet();
      const targets = { a: process.registry };
      await fleet.scrape(targets);
      for (let client = 0; client < 30; client++) {
        const value = random() * 100;
        process.observe(5, () => value);
      }
      await fleet.pass(17, targets);
      return fleet;
    };

    await (await alarms(1)).expectFiring(['ModelDrift input:x 1h']);
    await (await alarms(5)).expectFiring([]);
  },
);

failure(
  'The model gives all callers the same answer, although its inputs have not changed',
  {
    symptom: '`ModelDrift` fires for `output:label`, and for no input',
    defence: 'observe',
    remains:
      'Answers that are wrong in the old proportions: only truths show them',
  },
  async () => {
    const process = startProcess({
      predictor: {
        async predict(body, signal) {
          const pool = await startPool();
          const right = await pool.predict(body, signal);
          const sure = right.probabilities[right.label] ?? 0;
          const probabilities = { setosa: sure };
          return { ...right, label: 'setosa', probabilities };
        },
      },
    });
    const fleet = recordFleet();
    const targets = { a: process.registry };
    await fleet.scrape(targets);
    await process.serve(createTraffic()(200));
    await fleet.pass(17, targets);

    await fleet.expectFiring(['ModelDrift output:label 1h']);
  },
);

failure(
  'A new version is deployed, and then the truths of the old one arrive',
  {
    symptom:
      'Each truth is answered with 204, a second one with 409; `ModelQualityWorse` fires for the old version, and nothing for the new one',
    defence: 'judge',
    remains:
      'Weeks pass before it shows; a truth sent again to another process, or after a restart, counts twice',
  },
  async () => {
    const visits = createTraffic()(90);
    const ids: (string | undefined)[] = [];
    {
      await using old = await startTestApp();
      for (const { flower } of visits)
        ids.push((await old.predict(flower)).body.id);
    }

    const card = { ...model.model.card, version: '2' };
    const deployed = startProcess({ model: { ...model.model, card } });
    await using app = await startTestApp({ process: deployed });
    for (const [n, { truth }] of visits.entries()) {
      const now = n % 3 === 0 ? truth : 'a new species';
      expect((await app.tell(ids[n], now)).status).toBe(204);
    }
    // All before the first scrape.
    const fleet = recordFleet({ everyMinutes: 30 });
    await fleet.scrape({ new: app.registry });
    await fleet.pass(60, { new: app.registry });

    expect(await app.tell(ids[0], 'setosa')).toMatchObject({
      status: 409,
      body: { code: 'already_judged' },
    });
    await fleet.expectFiring(['ModelQualityWorse']);
    await fleet.expectSamples(
      'count by (model) (ALERTS{alertname="ModelQualityWorse"})',
      [{ labels: '{model="irises@1"}', value: 1 }],
    );
    // The process ends, and others know nothing of the old version.
    const next = startProcess({ model: { ...model.model, card } });
    await fleet.pass(22 * 60, { next: next.registry });
    await fleet.expectFiring(['ModelQualityWorse']);
    await fleet.pass(3 * 60, { next: next.registry });
    await fleet.expectFiring([]);
  },
);

failure(
  'The truth never comes',
  {
    symptom:
      '`ModelQualityUnknown` fires when truths are later than the offset in its rule; no rule reports good accuracy',
    defence: 'quality',
    remains:
      'Fifty truths a day may come from the easy cases only: draw them at random',
  },
  async () => {
    const process = startSimpleProcess();
    await using later = await useRules((text) =>
      text.replace('offset 1d', 'offset 2d'),
    );
    const fleet = recordFleet({ everyMinutes: 30 });
    const targets = { a: process.registry };
    const pass = async (hours: number) => {
      for (let hour = 0; hour < hours; hour++) {
        process.observe(20, (n) => (n * 5 + hour) % 100);
        await fleet.pass(60, targets);
      }
    };

    await pass(24);
    await fleet.expectFiring([]);
    await pass(12);
    await fleet.expectFiring(['ModelQualityUnknown']);
    await fleet.expectFiring([], later.rules);
    await pass(24);
    await fleet.expectFiring(['ModelQualityUnknown'], later.rules);

    process.judge(45, 0);
    await fleet.pass(60, targets);
    await fleet.expectFiring(['ModelQualityUnknown']);
    process.judge(15, 0);
    await fleet.pass(60, targets);
    await fleet.expectFiring([]);
  },
);

failure(
  'An attacker sends names, values and words of their own',
  {
    symptom:
      'Unknown inputs, and numbers that the card does not allow, get 400 `invalid_request`; the number of time series does not change',
    defence: 'observe',
    remains:
      'Each version that predicts adds its series, until its processes have ended',
  },
  async () => {
    await using app = await startTestApp();
    const { body } = await app.predict(FLOWER);
    expect(body.label).toBe('setosa');
    const before = await app.countSeries();

    const refused = [
      { ...FLOWER, petalLength: 1e39 },
      { ...FLOWER, petalLength: '1.4' },
      ...Array.from({ length: 100 }, (_, n) => ({
        ...FLOWER,
        [`x${n}`]: n,
      })),
    ];
    for (const one of refused)
      expect(await app.predict(one)).toMatchObject({
        status: 400,
        body: { code: 'invalid_request' },
      });
    expect((await app.tell(body.id, 'Setosa')).status).toBe(204);

    expect(await app.countSeries()).toBe(before);
    expect(await app.readMetrics()).toContain(
      'model_signal_total{model="irises@1",signal="truth",bin="wrong"} 1',
    );
  },
);

failure(
  'All processes stop, or stop to export their counts',
  {
    symptom: '`ModelMonitorSilent` fires after 15 minutes',
    defence: 'no-monitor',
    remains:
      'Not covered: one of several processes; alert on `up == 0`, as for anything that is scraped',
  },
  async () => {
    const process = startProcess();
    const fleet = recordFleet();
    await fleet.pass(3, { a: process.registry });
    await fleet.pass(13, {});
    await fleet.expectFiring([]);

    await fleet.pass(4, {});

    await fleet.expectFiring(['ModelMonitorSilent']);
  },
);

failure(
  'Two models have one name and version',
  {
    symptom:
      '`ModelReferencesDiffer` fires for each signal whose bins or shares differ, and for the accuracy; within one process, the second is refused',
    defence: 'no-monitor',
    remains:
      'Until then their counts are mixed: give each model a version',
  },
  async () => {
    const card = createCard();
    const one = createSimpleReference(card);
    const other = createReference(card, {
      rows: [{ x: 1 }, { x: 2 }],
      answers: [{ prediction: answer(0, 'yes'), truth: 'yes' }],
    });
    const fleet = recordFleet();
    const a = startSimpleProcess({ card, reference: one });
    await fleet.scrape({ a: a.registry });
    await fleet.expectFiring([]);
    await fleet.scrape({
      a: a.registry,
      b: startSimpleProcess({ card, reference: other }).registry,
    });

    const of = (signal: string) => `ModelReferencesDiffer ${signal}`;
    await fleet.expectFiring([
      of('input:x'),
      of('output:confidence'),
      of('output:label'),
      of('truth'),
    ]);
    const similar = { ...one, labels: [5100, 4900] };
    const c = startSimpleProcess({ card, reference: similar });
    const third = recordFleet();
    await third.scrape({ a: a.registry, c: c.registry });
    await third.expectFiring([of('output:label')]);
    const better = { ...one, right: one.right + 100 };
    const d = startSimpleProcess({ card, reference: better });
    const fourth = recordFleet();
    await fourth.scrape({ a: a.registry, d: d.registry });
    await fourth.expectFiring([of('truth')]);
    expect(() => a.monitor.add(card, other)).toThrow(
      'simple@1 has a reference: change the version',
    );
  },
);

describe('an alert', () => {
  it('fires for an input that is null in one of thirty requests', async () => {
    const process = startSimpleProcess();
    const fleet = recordFleet();
    const targets = { a: process.registry };
    await fleet.scrape(targets);
    process.observe(3000, (n) => (n % 30 === 0 ? null : n % 100));

    await fleet.pass(14, targets);
    await fleet.expectFiring([]); // it waits 15 minutes
    await fleet.pass(3, targets);

    await fleet.expectFiring(['ModelInputOutside input:x 1h missing']);
  });

  it('stays quiet when one value falls into a bin that no row of the reference was in', async () => {
    const process = startProcess();
    const fleet = recordFleet();
    const targets = { a: process.registry };
    await fleet.scrape(targets);
    await process.serve(
      createTraffic()(
        500,
        changeInput('petalLength', (value, n) =>
          n === 0 ? null : value,
        ),
      ),
    );
    await fleet.pass(17, targets);

    await fleet.expectSamples(
      'signal:model_signal:psi{signal="input:petalLength"} < bool 0.25',
      [
        {
          labels:
            '{signal="input:petalLength", model="irises@1", window="1h"}',
          value: 1,
        },
      ],
    );
    await fleet.expectFiring([]);
  });

  it('fires for an input that drifts so slowly that no day differs from the day before', async () => {
    const process = startSimpleProcess();
    const fleet = recordFleet({ everyMinutes: 30 });
    const targets = { a: process.registry };
    const totals: number[][] = [];
    await fleet.scrape(targets);

    for (let day = 0; day < 10; day++) {
      for (let part = 0; part < 12; part++) {
        process.observe(50, (n) => ((n * 2 + part / 6) % 100) - day);
        await fleet.pass(120, targets);
      }
      totals.push(await process.count('input:x'));
    }

    await fleet.expectFiring([
      'ModelDrift input:x 1d',
      'ModelInputOutside input:x 1d below',
      'ModelQualityUnknown',
    ]);
    const days = totals.map((total, day) =>
      total.map((count, bin) => count - (totals[day - 1]?.[bin] ?? 0)),
    );
    for (const [day, counts] of days.entries())
      expect(computePsi(days[day - 1] ?? counts, counts)).toBeLessThan(
        0.05,
      );
  });

  it('is about all rows together, also when one process has most of them and the other one restarts', async () => {
    const draw = createTraffic();
    const busy = startProcess();
    const quiet = startProcess();
    const restarted = startProcess();
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
    const reference =
      model.reference.features.petalLength?.counts ?? [];
    const psi = computePsi(reference, union ?? []);
    const limit = findLimit(reference.length, 6) * (1 / 1000 + 1 / 150);
    const of = `{signal="${name}", window="1h"}`;
    await fleet.expectSamples(
      `abs(sum(signal:model_signal:psi${of}) - ${psi}) < bool 1e-9`,
      [{ labels: '{}', value: 1 }],
    );
    await fleet.expectSamples(
      `abs(sum(signal:model_signal:psi_limit${of}) - ${limit}) < bool 1e-9`,
      [{ labels: '{}', value: 1 }],
    );
    await fleet.expectSamples(
      `sum(signal:model_signal:increase${of})`,
      [{ labels: '{}', value: 1000 }],
    );
  });

  it('counts what comes before the first scrape of a process', async () => {
    const process = startSimpleProcess();
    process.observe(70, (n) => n);
    process.judge(3, 2);
    const fleet = recordFleet();
    await fleet.scrape({ a: process.registry });
    await fleet.scrape({ a: process.registry });

    await fleet.expectSamples(
      'min(signal:model_signal:increase) == max(signal:model_signal:increase)',
      [{ labels: '{}', value: 70 }],
    );
    await fleet.expectSamples('bin:model_truth:increase1d', [
      {
        labels:
          'bin:model_truth:increase1d{model="simple@1", bin="right"}',
        value: 3,
      },
      {
        labels:
          'bin:model_truth:increase1d{model="simple@1", bin="wrong"}',
        value: 2,
      },
    ]);
  });

  it('fires above a PSI of 0.25, when there are many rows', async () => {
    const process = startSimpleProcess();
    const fleet = recordFleet();
    const targets = { a: process.registry };
    await fleet.scrape(targets);
    process.observe(
      10_000,
      (n) => n % 100,
      (n) => (n % 100 < 73 ? 'yes' : 'no'), // 0.23 ln(0.73 / 0.27)
    );
    await fleet.pass(17, targets);
    await fleet.expectFiring([]);

    process.observe(
      2000,
      (n) => n % 100,
      () => 'yes',
    );
    await fleet.pass(16, targets);

    await fleet.expectFiring(['ModelDrift output:label 1h']);
  });

  it('fires for what is outside only when there are enough rows', async () => {
    const process = startSimpleProcess();
    const fleet = recordFleet();
    const targets = { a: process.registry };
    const outside = 'ALERTS{alertname="ModelInputOutside"} == 1';
    await fleet.scrape(targets);
    process.observe(220, (n) => (n % 10 === 0 ? -5 : (n * 7) % 100));
    await fleet.pass(17, targets);
    await fleet.expectSamples(outside, []);

    process.observe(220, (n) => (n % 10 === 0 ? -5 : (n * 7) % 100));
    await fleet.pass(17, targets);

    await fleet.expectSamples(`count(${outside})`, [
      { labels: '{}', value: 1 },
    ]);
  });

  it('fires when accuracy is more than 0.05 worse than it was', async () => {
    const process = startSimpleProcess();
    const fleet = recordFleet();
    const targets = { a: process.registry };
    await fleet.scrape(targets);
    process.judge(8700, 1300);
    await fleet.pass(17, targets);
    await fleet.expectFiring([]);

    process.judge(0, 600);
    await fleet.pass(14, targets);
    await fleet.expectFiring([]); // it waits 15 minutes
    await fleet.pass(2, targets);

    await fleet.expectFiring(['ModelQualityWorse']);
  });

  it('says nothing of accuracy while there are few truths, or few held-out rows', async () => {
    const card = createCard();
    const few = createReference(card, {
      rows: [{ x: 1 }],
      answers: Array.from({ length: 45 }, (_, n) => ({
        prediction: answer(0, 'yes'),
        truth: n < 40 ? 'yes' : 'no',
      })),
    });
    const alerts = async (
      reference: ModelReference,
      right: number,
      wrong: number,
      rowsAlike = 1,
    ) => {
      const process = startSimpleProcess({
        card,
        reference,
        rowsAlike,
      });
      const fleet = recordFleet();
      await fleet.scrape({ a: process.registry });
      process.judge(right, wrong);
      await fleet.pass(17, { a: process.registry });
      return fleet;
    };

    const many = createSimpleReference(card);
    await (await alerts(many, 28, 16)).expectFiring([]);
    await (await alerts(many, 60, 40)).expectFiring([
      'ModelQualityWorse',
    ]);
    await (await alerts(many, 60, 40, 5)).expectFiring([]);
    await (await alerts(few, 700, 300)).expectFiring([]);
    await (await alerts(few, 500, 500)).expectFiring([
      'ModelQualityWorse',
    ]);
  });

  it('asks for truths after an hour without them, of all processes together', async () => {
    const [one, two] = [startSimpleProcess(), startSimpleProcess()];
    const fleet = recordFleet({ everyMinutes: 30 });
    const targets = { a: one.registry, b: two.registry };
    const states = (state: string) =>
      `count(ALERTS{alertname="ModelQualityUnknown",alertstate="${state}"})`;
    const once = [{ labels: '{}', value: 1 }];
    const pass = async (hours: number) => {
      for (let hour = 0; hour < hours; hour++) {
        one.observe(20, (n) => (n * 5 + hour) % 100);
        await fleet.pass(60, targets);
      }
    };

    await pass(29);
    await fleet.expectSamples(states('pending'), once);
    await fleet.expectSamples(states('firing'), []);
    await pass(2);
    await fleet.expectSamples(states('firing'), once);
    one.judge(30, 0);
    two.judge(30, 0);
    await fleet.pass(60, targets);
    await fleet.expectSamples(states('firing'), []);
  });

  it('asks for truths only where there are a hundred predictions a day', async () => {
    const process = startSimpleProcess();
    const fleet = recordFleet({ everyMinutes: 30 });
    const targets = { a: process.registry };
    for (let hour = 0; hour < 60; hour++) {
      process.observe(4, (n) => (n * 25 + hour) % 100);
      await fleet.pass(60, targets);
    }

    await fleet.expectFiring([]);
  });

  it('looks back over 24 hours, hour by hour', async () => {
    const process = startSimpleProcess();
    const fleet = recordFleet({ everyMinutes: 30 });
    const targets = { a: process.registry };
    await fleet.scrape(targets);
    for (let hour = 0; hour < 30; hour++) {
      process.observe(10, (n) => n * 10);
      await fleet.pass(60, targets);
    }

    await fleet.expectSamples(
      'sum(signal:model_signal:increase{signal="input:x",window="1d"})',
      [{ labels: '{}', value: 240 }],
    );
  });

  it('is about one model: versions in one fleet are not added up', async () => {
    const card = createCard();
    const next = createCard({ version: '2' });
    const registry = new Registry();
    const monitor = createModelMonitor({ registry });
    const one = monitor.add(card, createSimpleReference(card));
    const two = monitor.add(next, createSimpleReference(next));
    const fleet = recordFleet();
    await fleet.scrape({ a: registry });
    for (let n = 0; n < 1000; n++) one(answer(n % 100, 'yes'));
    for (let n = 0; n < 3000; n++)
      two(answer(n % 100, n % 2 === 0 ? 'no' : 'yes'));
    await fleet.pass(17, { a: registry });

    await fleet.expectSamples(
      'count by (model, signal) (ALERTS{alertstate="firing"})',
      [
        {
          labels: '{model="simple@1", signal="output:label"}',
          value: 1,
        },
      ],
    );
  });
});

describe('a monitor', () => {
  it('counts each prediction once in each signal, and each scrape tells the same', async () => {
    const process = startProcess();
    await process.registry.metrics();
    await process.serve(createTraffic()(70));

    for (const signal of [
      'input:sepalWidth',
      'output:label',
      'output:confidence',
    ]) {
      expect(sum(await process.count(signal))).toBe(70);
      expect(sum(await process.count(signal))).toBe(70);
    }
  });

  it('watches a class with any name, such as other', async () => {
    const card = createCard({ labels: ['other', 'missing', 'yes'] });
    const reference = createReference(card, {
      rows: [{ x: 1 }],
      answers: ['other', 'yes', 'other'].map((label) => ({
        prediction: answer(0, label),
        truth: label,
      })),
    });
    const process = startSimpleProcess({ card, reference });
    const fleet = recordFleet();
    const targets = { a: process.registry };
    await fleet.scrape(targets);
    process.observe(
      900,
      () => 1,
      (n) => (n % 3 === 1 ? 'yes' : 'other'),
    );
    await fleet.pass(17, targets);

    await fleet.expectFiring([]);
    await fleet.expectSamples(
      'sum by (bin) (model_signal_total{signal="output:label"})',
      [
        { labels: '{bin="other"}', value: 600 },
        { labels: '{bin="missing"}', value: 0 },
        { labels: '{bin="yes"}', value: 300 },
      ],
    );
  });

  it('leaves the pool as it is, apart from counting', async () => {
    const { monitor } = startProcess();
    const pool = await startPool();
    const { card } = model.model;
    const observe = monitor.add(card, model.reference);

    const { predict, ...rest } = watchPool(pool, observe);

    expect(rest).toMatchObject({ card: pool.card, stop: pool.stop });
    expect(await predict(FLOWER, never())).toEqual(
      await pool.predict(FLOWER, never()),
    );
    await expect(
      predict(FLOWER, AbortSignal.abort(new Error('late'))),
    ).rejects.toThrow('late');
  });

  it('goes on counting when the same model is loaded again', async () => {
    const process = startSimpleProcess();
    const card = createCard();
    await process.registry.metrics();
    process.observe(10, () => 1);

    process.monitor.add(
      card,
      createSimpleReference(card),
    )(answer(1, 'yes'));

    expect(await process.registry.metrics()).toContain(
      'model_signal_total{model="simple@1",signal="output:label",bin="yes"} 6',
    );
  });

  it('takes rows as independent unless it is told otherwise', async () => {
    const registry = new Registry();
    createModelMonitor({ registry });

    expect(await registry.metrics()).toContain('model_rows_alike 1\n');
  });

  it('describes what a truth will need, and nothing of a model that it does not know', () => {
    const { monitor } = startSimpleProcess();

    expect(monitor.describe(createCard(), 'yes')).toEqual({
      model: 'simple@1',
      label: 'yes',
      right: 9000,
      heldOut: 10_000,
    });
    expect(() =>
      monitor.describe(createCard({ version: '7' }), 'yes'),
    ).toThrow('simple@7 is not watched here');
  });

  it('refuses a reference that does not fit the card', () => {
    const { monitor } = startSimpleProcess();
    const card = createCard({ version: '2' });
    const reference = createSimpleReference(card);
    const wrong = {
      'input:x': { ...reference, features: {} },
      'output:label': { ...reference, labels: [1] },
    };

    for (const [signal, one] of Object.entries(wrong))
      expect(() => monitor.add(card, one)).toThrow(
        `the reference does not fit the card: ${signal}`,
      );
  });

  it('exports the reference', async () => {
    const { registry } = startSimpleProcess({ rowsAlike: 3 });

    const text = await registry.metrics();

    for (const line of [
      'model_rows_alike 3',
      'model_reference_rows{model="simple@1",signal="input:x"} 10000',
      'model_reference_share{model="simple@1",signal="truth",bin="right"} 0.8999600039996001',
      'model_reference_rows{model="simple@1",signal="truth"} 10000',
      'model_reference_share{model="simple@1",signal="output:label",bin="yes"} 0.5',
      'model_signal_total{model="simple@1",signal="input:x",bin="1 to 10.79"} 0',
      '# HELP model_signal_total Predictions, or truths, by the bin of each signal',
      '# HELP model_rows_alike How many rows count as one',
      '# HELP model_reference_rows Rows of the reference',
      '# HELP model_reference_limit What PSI stays below without drift, times 1/n + 1/m',
      '# HELP model_reference_share Share of the reference in a bin, half a row added to each',
    ])
      expect(text).toContain(`${line}\n`);
  });
});

describe('a reference', () => {
  const describeX = (values: (number | null)[]) =>
    createReference(createCard(), {
      rows: values.map((x) => ({ x })),
      answers: [{ prediction: answer(0, 'yes'), truth: 'yes' }],
    }).features.x;

  it('has bins of equal shares, and a hundredth of the rows outside on each side', () => {
    const values = Array.from(
      { length: 1000 },
      (_, n) => (n * 7) % 1000,
    );

    expect(describeX(values)).toEqual({
      edges: [10, 107, 205, 303, 401, 499, 597, 695, 793, 891, 989],
      counts: [10, ...Array(10).fill(98), 10, 0],
    });
  });

  it('counts rows that share one value where they are', () => {
    expect(
      describeX([...Array(90).fill(0), ...Array(10).fill(1)]),
    ).toEqual({ edges: [0, 0, 1], counts: [0, 90, 10, 0, 0] });
  });

  it('has a bin for each ten rows, and counts the missing ones', () => {
    expect(describeX([1, 2, 3, null, 4])?.counts).toEqual([0, 4, 0, 1]);
    const thirty = Array.from({ length: 30 }, (_, n) => n);
    expect(describeX(thirty)?.edges).toEqual([0, 9, 19, 29]);
  });

  it('refuses a feature without any value, and no held-out rows', () => {
    expect(() => describeX([null])).toThrow('x has no values');
    expect(() =>
      createReference(createCard(), { rows: [{ x: 1 }], answers: [] }),
    ).toThrow('confidence has no values');
  });

  it('counts the answers to held-out rows', () => {
    const answers = ['yes', 'no', 'yes'].map((label) => ({
      prediction: answer(0, label),
      truth: 'yes',
    }));

    expect(
      createReference(createCard(), { rows: [{ x: 1 }], answers }),
    ).toMatchObject({
      labels: [1, 2],
      right: 2,
      heldOut: 3,
      confidence: { edges: [0.9, 0.9], counts: [0, 3, 0, 0] },
    });
  });

  it('is read from the file beside the card, and refused beside another card', async () => {
    await using files = await createModelFolder();
    const { folder, write } = files;
    const card = createCard();
    const reference = createSimpleReference(card);
    await write('reference.json', JSON.stringify(reference));

    expect(await readReference(folder, card)).toEqual(reference);
    const { x = { edges: [], counts: [] } } = reference.features;
    const other = { ...reference, features: { größe: x } };
    await write('reference.json', JSON.stringify(other));
    expect(await readReference(folder, card)).toEqual(other);
    await expect(
      readReference(folder, { ...card, sha256: '1'.repeat(64) }),
    ).rejects.toThrow('reference.json belongs to another model');
  });

  it('is refused when its numbers cannot be', () => {
    const reference = createSimpleReference();
    const wrong = [
      { right: -1 },
      { heldOut: 0 },
      { right: 0, heldOut: 0 },
      { right: 10_001 },
      { labels: [1, -1] },
      { labels: [1, 0.5] },
      { confidence: { edges: [1], counts: [1, 1, 1] } },
      { other: 1 },
    ];

    for (const change of wrong)
      expect(
        modelReference.safeParse({ ...reference, ...change }).success,
      ).toBe(false);
    expect(() =>
      modelReference.parse({ ...reference, right: 10_001 }),
    ).toThrow('too many right');
    // The worst model is a model.
    const { data } = modelReference.safeParse({
      ...reference,
      right: 0,
    });
    expect(data).toMatchObject({ right: 0 });
  });

  it('gives each value one bin, its edges included', () => {
    const edges = [1, 2, 3];
    const values = [0.9, 1, 2, 2.1, 3, 3.1];
    const missing = [
      null,
      undefined,
      Number.NaN,
      Number.POSITIVE_INFINITY,
    ];

    expect(values.map((value) => findBin(edges, value))).toEqual([
      0, 1, 1, 2, 2, 3,
    ]);
    expect(missing.map((value) => findBin(edges, value))).toEqual([
      4, 4, 4, 4,
    ]);
  });
});

describe('the noise', () => {
  it('has shares of which none is zero and all are one', () => {
    const shares = smoothShares([0, 9, 0]);

    expect(shares).toEqual([0.5 / 10.5, 9.5 / 10.5, 0.5 / 10.5]);
  });

  it('has a limit that chi-squared passes less than once in 10,000 times, in all signals together', () => {
    for (const freedom of [2, 6, 12])
      for (const signals of [1, 6, 22]) {
        const limit = findLimit(freedom + 1, signals);
        const times = chiSquaredTail(freedom, limit) * 10_000 * signals;
        expect(times).toBeLessThan(1);
        expect(times).toBeGreaterThan(0.001);
      }
    expect(findLimit(13, 6)).toBeCloseTo(56.985, 2);
  });
});

describe('a prediction id', () => {
  const predicted = {
    model: 'irises@1',
    label: 'setosa',
    right: 43,
    heldOut: 45,
  };
  const unknown = expect.objectContaining({
    code: 'unknown_prediction',
    status: 404,
    expose: true,
    message: 'No prediction has this id',
  });
  const alreadyJudged = expect.objectContaining({
    code: 'already_judged',
    status: 409,
    message: 'The truth of this prediction is counted already',
  });

  it('is read by any process with the secret, once', () => {
    const ids = createPredictionIds({
      secret: SECRET,
      remembered: 100,
    });
    const one = ids.issue(predicted);
    const two = ids.issue(predicted);
    const other = createPredictionIds({
      secret: SECRET,
      remembered: 100,
    });

    expect(one).not.toBe(two);
    expect(other.redeem(one)).toEqual(predicted);
    expect(() => other.redeem(one)).toThrow(alreadyJudged);
    expect(other.redeem(two)).toEqual(predicted);
  });

  it('is refused when this secret has not signed it', () => {
    const ids = createPredictionIds({
      secret: SECRET,
      remembered: 100,
    });
    const id = ids.issue(predicted);
    const [content = '', signature = ''] = id.split('.');
    const stranger = createPredictionIds({
      secret: 'x'.repeat(32),
      remembered: 100,
    });
    const forged = [
      '',
      content,
      `${content}.`,
      `${content}.${signature.slice(1)}`,
      `${content}x.${signature}`,
      `.${signature}`,
      stranger.issue(predicted),
    ];

    expect(signature).toHaveLength(22);
    for (const one of forged)
      expect(() => ids.redeem(one)).toThrow(unknown);
    expect(ids.redeem(id)).toEqual(predicted);
  });

  it('is text for a URL, signed with SHA-256', () => {
    const ids = createPredictionIds({
      secret: SECRET,
      remembered: 100,
    });
    for (let n = 0; n < 100; n++) {
      const id = ids.issue({ ...predicted, label: `?>ÿ${n}` });
      expect(id).toMatch(/^[\w-]+\.[\w-]{22}$/);
      const [encoded = '', signature] = id.split('.');
      const mac = createHmac('sha256', SECRET).update(encoded);
      expect(signature).toBe(mac.digest('base64url').slice(0, 22));
    }
  });

  it('is remembered as judged, as long as there is room', () => {
    const ids = createPredictionIds({ secret: SECRET, remembered: 2 });
    const issued = Array.from({ length: 3 }, () =>
      ids.issue(predicted),
    );
    for (const id of issued) ids.redeem(id);

    const [first = '', ...later] = issued;
    for (const id of later)
      expect(() => ids.redeem(id)).toThrow(alreadyJudged);
    expect(ids.redeem(first)).toEqual(predicted);
  });

  it('needs a secret of 32 characters', () => {
    expect(() =>
      createPredictionIds({ secret: 'x'.repeat(31), remembered: 100 }),
    ).toThrow('the secret of prediction ids is too short');
  });
});

/** How often chi-squared is larger: a finite sum where the degrees of freedom are even. */
function chiSquaredTail(freedom: number, value: number): number {
  let term = Math.exp(-value / 2);
  let tail = 0;
  for (let k = 1; k <= freedom / 2; k++) {
    tail += term;
    term *= value / 2 / k;
  }
  return tail;
}
