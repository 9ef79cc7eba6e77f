import { freshDatabase } from '@touchstone/kit/postgres/database';
import {
  compare,
  operationsPerSecond,
  writeBench,
} from '@touchstone/kit/testing/bench';
import { assignments } from './bench-assignment.ts';
import { compareFalse, compareTests } from './bench-evidence.ts';
import type { ModelVersion } from './model-card.ts';
import { createModelRegistry } from './model-registry.ts';
import { createModelStages } from './model-stages.ts';
import { startModelThread } from './model-thread.ts';
import { createModelTrials } from './model-trials.ts';
import type { Command } from './plan-stage.ts';
import { createServedVersions } from './served-versions.ts';
import { SCHEMA } from './test-models.ts';
import { FLOWER, VERSIONS } from './test-versions.ts';
import { createTrialLog } from './trial-log.ts';

const LOAD = { clients: 8, seconds: 1 };
const USERS = Array.from({ length: 10_000 }, (_, n) => `user-${n}`);

await using database = await freshDatabase({
  schema: SCHEMA,
  durable: true,
});
const { pool } = database;
const patterns = {
  shadow: await startPattern('iris-shadow', [
    { to: 'shadow', version: '2' },
  ]),
  canary: await startPattern('iris-canary', [
    { to: 'shadow', version: '2' },
    { to: 'canary', share: 0.1 },
  ]),
};
const [live, candidate] = await Promise.all([
  startModelThread(read(VERSIONS.first)),
  startModelThread(read(VERSIONS.second)),
]);

const tables = [
  await compare({
    title: `Predictions, ${LOAD.clients} clients at once`,
    ...{ unit: 'predictions/s', better: 'higher' },
    contenders: [
      {
        name: 'this pattern, canary of 10 %',
        measure: () => measure(patterns.canary.predict),
      },
      {
        name: 'this pattern, shadow',
        measure: () => measure(patterns.shadow.predict),
        note: 'two models on the same cores; shadows over the limit are left out',
      },
      {
        name: 'a coin for each request (naive)',
        measure: () => measure(chooseBy(assignments.naive)),
        note: 'remembers nothing',
      },
      {
        name: 'GrowthBook SDK',
        measure: () => measure(chooseBy(assignments.growthbook)),
        note: 'chooses by hash; remembers nothing unless you track it',
      },
      {
        name: 'no experiment',
        measure: () => measure((_user, row) => live.predict(row)),
      },
    ],
  }),
  await compare({
    title: 'Arms chosen',
    ...{ unit: 'arms/s', better: 'higher' },
    contenders: [
      {
        name: 'this pattern, SHA-256',
        measure: () => measureArms(assignments.pattern),
      },
      {
        name: 'Math.random (naive)',
        measure: () => measureArms(assignments.naive),
        note: 'another arm at each request',
      },
      {
        name: 'GrowthBook SDK, FNV-1a',
        measure: () => measureArms(assignments.growthbook),
      },
    ],
  }),
  await compareTests(0.2, 'four times as bad'),
  await compareTests(0.075, 'half as bad again'),
  await compareFalse(),
];
await Promise.all([live.stop(), candidate.stop()]);
for (const { stop } of Object.values(patterns)) await stop();
const { rows } = await pool.query('show server_version');
writeBench(new URL('bench.json', import.meta.url), {
  id: 'ml/ab-testing',
  software: `PostgreSQL ${rows[0].server_version}, ONNX Runtime 1.30`,
  tables,
});

type Predict = (user: string, row: number[]) => Promise<unknown>;

/** All of the pattern but HTTP: predictions are written in batches. */
async function startPattern(model: string, commands: Command[]) {
  const log = { info() {}, warn: console.error, error: console.error };
  const registry = createModelRegistry({ pool, model });
  const stages = createModelStages({ pool, model });
  for (const version of [VERSIONS.first, VERSIONS.second])
    await registry.register({
      ...{ ...read(version), sha256: version.sha256 },
      registeredBy: 'bench',
    });
  const all: Command[] = [{ to: 'live', version: '1' }, ...commands];
  for (const [seen, command] of all.entries())
    await stages.change({
      ...{ command, seen, changedBy: 'bench', reason: 'bench' },
    });
  const versions = createServedVersions({
    ...{ stages, load: registry.load, start: startModelThread, log },
  });
  await versions.follow();
  const trialLog = createTrialLog({ pool, model, log });
  const { predict } = createModelTrials({
    ...{ model, versions, trialLog, log },
  });

  async function stop() {
    await trialLog.flush();
    await versions.stop();
  }
  return { predict, stop };
}

function chooseBy(
  choose: (user: string) => 'live' | 'canary',
): Predict {
  return (user, row) =>
    (choose(user) === 'canary' ? candidate : live).predict(row);
}

function measure(predict: Predict): Promise<number> {
  return operationsPerSecond(LOAD, () =>
    predict(
      `${USERS[Math.floor(Math.random() * USERS.length)]}`,
      FLOWER.row,
    ),
  );
}

async function measureArms(choose: (user: string) => unknown) {
  const start = performance.now();
  let chosen = 0;
  for (; performance.now() - start < 300; chosen += 1000)
    for (let n = 0; n < 1000; n++) choose(`${USERS[n]}`);
  return (chosen * 1000) / (performance.now() - start);
}

function read(body: (typeof VERSIONS)['first']): ModelVersion {
  const { version, card, onnx } = body;
  return { version, card, bytes: Buffer.from(onnx, 'base64') };
}
