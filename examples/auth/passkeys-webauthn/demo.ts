import { freshDatabase } from '@touchstone/kit/postgres/database';
import { startProgram } from '@touchstone/kit/programs/program';
import type { Answer } from '@touchstone/kit/testing/client';
import { SESSIONS } from './apply-schema.ts';
import { createBrowser, ORIGIN } from './test-app.ts';
import { createAuthenticator } from './test-authenticator.ts';

const MAIN = new URL('main.ts', import.meta.url);

await using database = await freshDatabase({ schema: SESSIONS });
const environment = { DATABASE_URL: database.url, ORIGIN, PORT: '0' };
await using program = await startProgram(MAIN, environment);
await using second = await startProgram(MAIN, environment);
const laptop = createBrowser(program.url);
const other = createBrowser(second.url);

await laptop.usePassword();
const phone = createAuthenticator(ORIGIN);
const stick = createAuthenticator(ORIGIN);
const synced = { backupEligible: true, backedUp: true };
tell(
  'Ada adds her phone',
  await laptop.register(phone, synced, 'Phone'),
);
const added = await laptop.register(stick, { counter: 1 }, 'USB stick');
tell('and her security key', added);

const { body } = await other.beginSignIn();
const answer = phone.get(body, synced);
tell(
  'at the other instance, the phone',
  await other.finishSignIn(answer),
);
tell('the same answer again', await other.finishSignIn(answer));
const blog = { ...synced, origin: `${ORIGIN}.evil.test` };
tell(
  'an answer for a page of a thief',
  await other.signIn(phone, blog),
);
tell('the security key', await other.signIn(stick));
tell('a copy of it', await other.signIn(stick, { counter: 1 }));
for (const { name, backedUp } of await other.list())
  console.log(`  ${name}${backedUp ? ', backed up' : ''}`);
tell('Ada removes the security key', await other.remove(stick.id));
tell('the session of the laptop', await laptop.me());
tell('and the phone', await other.remove(phone.id));

function tell(what: string, { status, body }: Answer<object>) {
  const problem = 'code' in body ? ` ${body.code}` : '';
  console.log(`${what}: ${status}${problem}`);
}
