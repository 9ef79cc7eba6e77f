import { listen } from '@touchstone/kit/app/http';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { createClient } from '@touchstone/kit/testing/client';
import { createApp } from './app.ts';
import { fillUsers } from './fill-users.ts';
import { migrate } from './migrate.ts';
import { openReleases } from './open-releases.ts';
import { SCHEMA } from './test-app.ts';

await using database = await freshDatabase({ schema: SCHEMA });
const { pool } = database;
await fillUsers(pool, 5000);
const releases = openReleases(database.url);
await using server = await listen(createApp(releases, console));
const send = createClient(server.url);

let isMigrating = true;
const requests = sendRequests();
const log = {
  info(message: string, details: object) {
    if (message === 'migrated' && 'name' in details)
      console.log(`${message} ${details.name}`);
  },
};
console.log(
  '5,000 users, and requests to the old release all the time',
);
await migrate({ pool, log, target: '0006-restore-full-names' });
isMigrating = false;
console.log(`requests that failed: ${await requests}`);

await send('PUT', '/old/users/1', { body: { fullName: 'Ada King' } });
await show(
  'the old release renames; the new one reads',
  '/new/users/1',
);
const ana = { givenName: 'Ana Celia', familyName: 'de Armas' };
await send('PUT', '/new/users/1', { body: ana });
await show(
  'the new release renames; the old one reads',
  '/old/users/1',
);

try {
  await migrate({ pool, log });
} catch (error) {
  console.log(`the contract: ${(error as Error).message}`);
}
await releases.stop('old');
await migrate({ pool, log });
const cher = { givenName: 'Cher', familyName: '' };
await send('PUT', '/new/users/1', { body: cher });
console.log(
  'the new release renames, then the deployment is taken back',
);
await migrate({ pool, log, target: '0005-index-family-names' });
const { rows } = await pool.query(
  'select full_name from users where id = 1',
);
console.log(`the old release will read: ${rows[0]?.full_name}`);
await releases.stop('new');

/** Counts those that failed. */
async function sendRequests(): Promise<number> {
  let failed = 0;
  for (let n = 1; isMigrating; n += 1) {
    const path = `/old/users/${1 + (n % 5000)}`;
    const body = { fullName: `Ada ${n}` };
    const read = await send('GET', path);
    const written = await send('PUT', path, { body });
    if (read.status !== 200 || written.status !== 204) failed += 1;
  }
  return failed;
}

async function show(what: string, path: string) {
  const { body } = await send('GET', path);
  const { id: _, ...names } = body;
  console.log(`${what}: ${Object.values(names).join('|')}`);
}
