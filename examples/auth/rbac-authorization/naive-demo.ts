import { listen } from '@touchstone/kit/app/http';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { createClient } from '@touchstone/kit/testing/client';
import { createOrganisation } from './create-organisation.ts';
import { createNaiveApp } from './naive.ts';

await using database = await freshDatabase({
  schema: new URL('schema.sql', import.meta.url),
});
const { pool } = database;
const acme = await createOrganisation(pool);
const globex = await createOrganisation(pool);
const eve = globex.users.admin;
const app = createNaiveApp(pool, (text) =>
  // Signed at the login, and good for an hour.
  text === 'token of Eve' ? { role: 'admin' } : undefined,
);
await using server = await listen(app);
const asEve = createClient(server.url, {
  authorization: 'token of Eve',
});
const asNobody = createClient(server.url);

const contract = `/contracts/${acme.contractId}`;
console.log('Eve is an admin of Globex');
await tell('she reads a contract of Acme', asEve('GET', contract));
const promotion = { body: { role: 'owner' } };
await tell(
  'she makes herself an owner',
  asEve('PATCH', `/members/${eve}`, promotion),
);
await pool.query('delete from memberships where user_id = $1', [eve]);
await tell('she is removed, and reads on', asEve('GET', contract));
await tell(
  'a caller without a login reads a price',
  asNobody('GET', `${contract}/price`),
);

async function tell(what: string, answer: ReturnType<typeof asEve>) {
  console.log(`${what}: ${(await answer).status}`);
}
