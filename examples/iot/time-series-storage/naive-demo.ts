import { freshDatabase } from '@touchstone/kit/postgres/database';
import {
  countRowsRead,
  forgetNearlyAll,
  openNaive,
} from './naive-failures.ts';
import { SCHEMA } from './test-storage.ts';

await using database = await freshDatabase({ schema: SCHEMA });
const { pool } = database;
const naive = await openNaive(pool);

await naive.measure(8, 1, 40);
const batch = await naive.measure(9, 30, 10);
console.log(`mean of the day: ${round(await naive.meanOfDay())}`);
console.log(`mean of its hours: ${round(await naive.meanOfHours())}`);
await naive.append(batch);
console.log('the gateway had no answer, and sends its batch again');
console.log(`mean of the day: ${round(await naive.meanOfDay())}`);
await naive.measure(10, 1, Number.NaN);
console.log('the sensor breaks, and sends NaN once');
console.log(`mean of the day: ${round(await naive.meanOfDay())}`);
const rows = await countRowsRead(pool);
console.log(`rows read for a year in 12 points: ${rows}`);
const { before, after } = await forgetNearlyAll(pool);
console.log('all but a day is deleted');
console.log(
  `of the disk space, there is still: ${(after / before) * 100} %`,
);

function round(value: number | undefined) {
  return value?.toFixed(2);
}
