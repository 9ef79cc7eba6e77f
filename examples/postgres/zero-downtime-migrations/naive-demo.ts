import { freshDatabase } from '@touchstone/kit/postgres/database';
import { untilWaiting } from '@touchstone/kit/postgres/locks';
import { fillUsers } from './fill-users.ts';
import { createNaiveMigration } from './naive.ts';
import { SCHEMA } from './test-app.ts';
import { openReport } from './test-sessions.ts';

await using database = await freshDatabase({ schema: SCHEMA });
const { pool } = database;
await fillUsers(pool, 1000);
const { migrate } = createNaiveMigration({ pool });

const report = await openReport(pool);
console.log('a report reads the table, in a transaction');
await readUser();
const migrated = migrate();
await untilWaiting(pool);
console.log('the migration begins, and waits for the report');
await readUser();
await report.end();
await migrated;
console.log('the report ends, and so does the migration');
await readUser();

/** As the old version reads, with a client that has a second's patience. */
async function readUser() {
  const client = await pool.connect();
  await client.query('set statement_timeout = 1000');
  const answer = await client
    .query('select full_name from users where id = 1')
    .then(
      () => 'works',
      ({ message }) => message,
    );
  client.release(true);
  console.log(`GET /users/1: ${answer}`);
}
