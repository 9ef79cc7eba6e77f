import { freshDatabase } from '@touchstone/kit/postgres/database';
import { startProgram } from '@touchstone/kit/programs/program';
import type { Answer } from '@touchstone/kit/testing/client';
import { createSecrets } from './secrets.ts';
import { createAda, readSession } from './test-client.ts';

await using database = await freshDatabase({
  schema: new URL('schema.sql', import.meta.url),
});
await using program = await startProgram(
  new URL('main.ts', import.meta.url),
  { ...createSecrets(), DATABASE_URL: database.url, PORT: '0' },
);
const ada = createAda(program.url);

const phone = await ada.login();
const laptop = await ada.login();
console.log('Ada logs in on her phone and on her laptop');
show('GET /me with the access token', await ada.me(phone.accessToken));

const [tab, otherTab] = await Promise.all([
  ada.refresh(phone.refreshToken),
  ada.refresh(phone.refreshToken),
]);
const { refreshToken } = readSession(tab);
const same = refreshToken === readSession(otherTab).refreshToken;
console.log(
  `two tabs refresh at once: ${same ? 'one' : 'two'} new token`,
);

const next = await ada.refresh(refreshToken);
show('the phone refreshes again', next);
console.log('a thief has the token of the first login');
show('the thief refreshes', await ada.refresh(phone.refreshToken));
const last = readSession(next);
show('the phone refreshes', await ada.refresh(last.refreshToken));
show('the laptop refreshes', await ada.refresh(laptop.refreshToken));

function show(what: string, { status, body }: Answer) {
  console.log(`${what}: ${[status, body.code].join(' ').trim()}`);
}
