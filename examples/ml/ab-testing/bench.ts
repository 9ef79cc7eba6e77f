import { freshDatabase } from '@touchstone/kit/postgres/database';
import {
  compare,
  operationsPerSecond,
  writeBench,
} from '@touchstone/kit/testing/bench';
import type { AskVersion } from './ask-versions.ts';
import { assignments } from './bench-assignment.ts';
import { compareFalse, compareTests } from './bench-evidence.ts';
import { startModelTrials } from './model-trials.ts';
import { startTrained } from './test-pools.ts';
import { FLOWER } from './test-versions.ts';

const LOAD = { clients: 8, seconds: 1 };
const USERS = Array.from({ length: 10_000 }, (_, n) => `user-${n}`);
const { signal } = new AbortController();

await using database = await freshDatabase({
  schema: new URL('schema.sql', import.meta.url),
  durable: true,
});
const { pool } = database;
const pools = {
  1: await startTrained('1'),
  2: await startTrained('2'),
};
const trials = {
  shadow: await startTrial('shadow'),
  canary: await startTrial('canary', 0.1),
};

const tables = [
  await compare({
    title: `Predictions, ${LOAD.clients} clients at once`,
    unit: 'predictions/s',
    better: 'higher',
    contenders: [
      {
        name: 'this pattern, canary of 10 %',
        measure: () => measureTrial(trials.canary),
      },
      {
        name: 'this pattern, shadow',
        measure: () => measureTrial(trials.shadow),
        note: 'each row is computed by both versions',
      },
      {
        name: 'a coin for each request (naive)',
        measure: () => measureChoice(assignments.naive),
        note: 'remembers nothing',
      },
      {
        name: 'GrowthBook SDK',
        measure: () => measureChoice(assignments.growthbook),
        note: 'chooses by hash; remembers nothing unless you track it',
      },
      {
        name: 'no experiment',
        measure: () => measureChoice(() => 'live'),
      },
    ],
  }),
  await compare({
    title: 'Arms chosen',
    unit: 'arms/s',
    better: 'higher',
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
  await compareTests(0.2, '4× the errors'),
  await compareTests(0.075, '1.5× the errors'),
  await compareFalse(),
];
for (const { stop } of Object.values(trials)) await stop();
for (const { stop } of Object.values(pools)) await stop();
const { rows } = await pool.query('show server_version');
writeBench(new URL('bench.json', import.meta.url), {
  id: 'ml/ab-testing',
  software: `PostgreSQL ${rows[0].server_version}, onnxruntime-node 1.30.0`,
  tables,
});

/** All of the pattern but HTTP: users are written in batches. */
async function startTrial(model: string, share = 0) {
  const versions = new Map<string, AskVersion>([
    ['1', pools[1].predict],
    ['2', pools[2].predict],
  ]);
  const started = await startModelTrials({
    pool,
    model,
    first: '1',
    findVersion: (version) => versions.get(version),
    rules: { margin: 1.5 },
    log: console,
  });
  const by = { changedBy: 'bench', reason: 'bench' };
  const shadow = { to: 'shadow', candidate: '2' } as const;
  const { trial } = await started.change({ command: shadow, ...by });
  if (trial && share > 0) {
    const canary = { to: 'canary', trial: trial.id, share } as const;
    await started.change({ command: canary, ...by });
  }
  return started;
}

type Trials = Awaited<ReturnType<typeof startTrial>>;

function measureTrial({ predict }: Trials): Promise<number> {
  return operationsPerSecond(LOAD, () =>
    predict({ user: drawUser(), body: FLOWER.features, signal }),
  );
}

function measureChoice(choose: (user: string) => 'live' | 'canary') {
  return operationsPerSecond(LOAD, () => {
    const chosen =
      choose(drawUser()) === 'canary' ? pools[2] : pools[1];
    return chosen.predict(FLOWER.features, signal);
  });
}

function drawUser(): string {
  return `${USERS[Math.floor(Math.random() * USERS.length)]}`;
}

async function measureArms(choose: (user: string) => unknown) {
  const start = performance.now();
  let chosen = 0;
  for (; performance.now() - start < 300; chosen += 1000)
    for (let n = 0; n < 1000; n++) choose(`${USERS[n]}`);
  return (chosen * 1000) / (performance.now() - start);
}
