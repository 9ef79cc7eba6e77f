import { freshDatabase } from '@touchstone/kit/postgres/database';
import { compare, writeBench } from '@touchstone/kit/testing/bench';
import { openInflux, startInflux } from './bench-influx.ts';
import {
  type BenchStore,
  DAYS,
  EVERY_SECONDS,
  openNaive,
  openPattern,
  SENSORS,
} from './bench-stores.ts';
import { DAY } from './levels.ts';
import { SCHEMA } from './test-storage.ts';

const BATCHES = 20;
const BATCH = 1000;
const end = new Date('2026-06-15T00:00:00Z');
const start = new Date(end.getTime() - DAYS * DAY);

// A database each, so that the cache of one is not full of another.
const open = () => freshDatabase({ schema: SCHEMA, durable: true });
await using ours = await open();
await using btree = await open();
await using brin = await open();
await using influx = await startInflux();
const stores = [
  await openPattern(ours.pool, end),
  await openNaive(btree.pool, 'btree'),
  await openNaive(brin.pool, 'brin'),
  openInflux(influx),
] as const;
for (const { name, fill } of stores) {
  const began = performance.now();
  await fill(end);
  console.error(`${name}: filled in ${performance.now() - began} ms`);
}

const rows = (SENSORS.length * DAYS * 86_400) / EVERY_SECONDS;
const among = `among ${(rows / 1e6).toFixed(1)} million readings`;
const tables = [
  await compareTime(`Chart of 30 days in hours, ${among}`, {
    repeat: 5,
    run: async ({ history }, nth) =>
      check(await history(pick(nth), start, end), DAYS * 24),
  }),
  await compareTime('Latest values of 40 sensors', {
    repeat: 1,
    run: async ({ latest }) => check(await latest(), SENSORS.length),
  }),
  await compareTime('Retention: a day is forgotten', {
    repeat: 1,
    run: async ({ forget }, nth) =>
      forget(new Date(start.getTime() + nth * DAY)),
  }),
  await compareRate(),
];
const { rows: version } = await ours.pool.query('show server_version');
writeBench(new URL('bench.json', import.meta.url), {
  id: 'iot/time-series-storage',
  software: `PostgreSQL ${version[0].server_version}`,
  tables,
});

type Task = {
  repeat: number;
  run: (store: BenchStore, nth: number) => Promise<unknown>;
};

/** The mean time of some runs, in milliseconds; `nth` counts on from round to round. */
function compareTime(title: string, { repeat, run }: Task) {
  return compare({
    title,
    unit: 'ms',
    better: 'lower',
    contenders: list((store) => {
      let nth = 0;
      return async () => {
        const began = performance.now();
        for (let time = 0; time < repeat; time++)
          await run(store, nth++);
        return (performance.now() - began) / repeat;
      };
    }),
  });
}

/** New readings of all sensors, a second after each other. */
function compareRate() {
  return compare({
    title: `Appends, in batches of ${BATCH}, one client`,
    unit: 'readings/s',
    better: 'higher',
    contenders: list(({ append, settle }) => {
      let next = end.getTime() - 6 * 600_000;
      return async () => {
        const began = performance.now();
        for (let batch = 0; batch < BATCHES; batch++) {
          await append(makeBatch(next));
          next += (BATCH / SENSORS.length) * 1000;
        }
        await settle?.();
        const seconds = (performance.now() - began) / 1000;
        return (BATCHES * BATCH) / seconds;
      };
    }),
  });
}

/** Half a second beside what was filled in: nothing is repeated. */
function makeBatch(time: number) {
  return Array.from({ length: BATCH }, (_, n) => ({
    sensor: pick(n),
    at: new Date(time + 500 + Math.floor(n / SENSORS.length) * 1000),
    value: n,
  }));
}

function list(measure: (store: BenchStore) => () => Promise<number>) {
  const [first, ...others] = stores;
  const toContender = (store: BenchStore) => ({
    name: store.name,
    ...(store.note && { note: store.note }),
    measure: measure(store),
  });
  return [toContender(first), ...others.map(toContender)] as [
    ReturnType<typeof toContender>,
    ...ReturnType<typeof toContender>[],
  ];
}

function pick(nth: number): string {
  return SENSORS[nth % SENSORS.length] ?? '';
}

function check(found: number, expected: number) {
  if (found !== expected)
    throw new Error(`${found} rows, not ${expected}`);
}
