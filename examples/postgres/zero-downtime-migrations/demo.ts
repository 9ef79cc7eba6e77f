import { freshDatabase } from '@touchstone/kit/postgres/database';
import { startProgram } from '@touchstone/kit/programs/program';
import { waitUntil } from '@touchstone/kit/time/wait';
import { SCHEMA } from './test-app.ts';
import { type Answer, createClient } from './test-client.ts';

await using database = await freshDatabase({ schema: SCHEMA });
await using program = await startProgram(
  new URL('main.ts', import.meta.url),
  { DATABASE_URL: database.url, PORT: '0', USERS: '5000' },
);
console.log('5,000 users, live requests through the old version');
await waitUntil('both versions run', () =>
  program.read().output.includes('both versions run'),
);
for (const line of program.read().output.split('\n'))
  if (line.startsWith('0'))
    console.log(line.replace(/ \d+ ms.*,/, ' requests:'));

const app = createClient(program.url);
const { body } = await app.create('old', { fullName: 'Ada King' });
const id = body.id ?? '';
console.log('the old version creates a user: Ada King');
show('the new version reads', (await app.find('new', id)).body);
await app.rename('new', id, {
  givenName: 'Ana',
  familyName: 'de Armas',
});
show('it renames; the old one reads', (await app.find('old', id)).body);

const contract = '0008-contract-names';
const { body: refused } = await app.moveTo(contract);
show('the contract, while the old one runs', refused);
await app.run('new');
const { body: done } = await app.moveTo(contract);
console.log('the old version is stopped; done:', done.done?.join());

await app.rename('new', id, { givenName: 'Cher', familyName: '' });
await app.moveTo('0006-index-family-names');
await app.run('old');
console.log('the new version renames, then the release is taken back');
show('the old version reads', (await app.find('old', id)).body);

function show(what: string, { id: _, ...rest }: Answer['body']) {
  const { code, detail } = rest;
  const text = code
    ? `${code}\n  ${detail?.replace(': ', ':\n  ')}`
    : Object.values(rest).join('|');
  console.log(`${what}: ${text}`);
}
