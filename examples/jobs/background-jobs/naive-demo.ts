import { freshDatabase } from '@touchstone/kit/postgres/database';
import {
  enqueueAndRollBack,
  findAfterDeath,
  runWithTwoWorkers,
} from './naive-failures.ts';
import { SCHEMA } from './test-jobs.ts';

await using database = await freshDatabase({ schema: SCHEMA });
const { pool } = database;

console.log('two workers ask in the same moment, there is one job');
console.log(`the job runs: ${await runWithTwoWorkers(pool)} times`);
console.log('a worker is killed in the middle of a job');
const found = await findAfterDeath(pool);
console.log(`the next worker finds: ${found ? 'the job' : 'nothing'}`);
console.log('an order is rolled back');
console.log(`jobs for it: ${await enqueueAndRollBack(pool)}`);
