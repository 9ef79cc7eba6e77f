import { createNaiveMonitor } from './naive.ts';
import { createTraffic } from './test-traffic.ts';

const draw = createTraffic();
const lengths = (count: number) =>
  draw(count).map(({ flower }) => Number(flower.petalLength));
const MEAN = 3.76;

report('a thousand healthy flowers', lengths(1000));
report('five healthy flowers at night', lengths(5));
report(
  'all in inches',
  lengths(1000).map((value) => value / 2.54),
);
report('all in inches, but one NaN', [
  Number.NaN,
  ...lengths(999).map((value) => value / 2.54),
]);
report(
  'each value lost upstream and filled with the mean',
  Array(1000).fill(MEAN),
);

function report(what: string, values: number[]) {
  const naive = createNaiveMonitor({ mean: MEAN });
  for (const value of values) naive.observe(value);
  console.log(`${what}: ${naive.hasDrifted() ? 'ALARM' : 'quiet'}`);
}
