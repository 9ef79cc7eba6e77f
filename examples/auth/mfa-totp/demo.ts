import { setTimeout as pause } from 'node:timers/promises';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { startProgram } from '@touchstone/kit/programs/program';
import type { Answer } from '@touchstone/kit/testing/client';
import { SESSIONS } from './apply-schema.ts';
import { createSecrets } from './secrets.ts';
import {
  createPhone,
  createShopper,
  createWrongCode,
  readCookie,
} from './test-client.ts';

const MAIN = new URL('main.ts', import.meta.url);

await using database = await freshDatabase({ schema: SESSIONS });
const environment = {
  ...createSecrets(),
  DATABASE_URL: database.url,
  PORT: '0',
};
await using program = await startProgram(MAIN, environment);
await using second = await startProgram(MAIN, environment);
const app = createShopper(program.url);
const other = createShopper(second.url);
// All of it in one step of 30 seconds.
const left = 30_000 - (Date.now() % 30_000);
if (left < 12_000) await pause(left);

const login = await app.enterPassword();
tell('Ada has no second factor, and logs in', login);
const begun = await app.begin(readCookie(login));
const { secret, uri, ticket: first } = begun.body;
console.log(`  ${uri?.replace(`${secret}`, '…')}`);
const phone = createPhone(`${secret}`, () => new Date());
const answer = await app.confirm(readCookie(login), {
  ticket: `${first}`,
  code: phone(-1),
});
tell('her first code', answer);
const { recoveryCodes } = answer.body;
console.log(`  ${recoveryCodes.length} recovery codes`);

const ticket = await app.getTicket();
tell('her password, and the ticket as a session', await app.me(ticket));
const code = phone();
const spaced = `${code.slice(0, 3)} ${code.slice(3)}`;
tell('her code', await app.finish(ticket, spaced));
tell(
  'the same, at the other instance',
  await other.finish(ticket, code),
);
tell('a recovery code', await app.finish(ticket, recoveryCodes[0]));
tell('the same', await other.finish(ticket, recoveryCodes[0]));
tell('another one', await app.finish(ticket, recoveryCodes[1]));

const guess = createWrongCode(phone);
const flood = Array.from({ length: 100 }, () =>
  other.finish(ticket, guess),
);
const statuses = (await Promise.all(flood)).map((one) => one.status);
const judged = statuses.filter((status) => status === 401).length;
console.log(`100 guesses at once: ${judged} judged`);
tell(
  'the right code, in the pause',
  await app.finish(ticket, phone(1)),
);

const { rows } = await database.pool.query<{ secret: string }>(
  'select secret from totp_factors',
);
const [row] = rows;
console.log(`in the table: ${row?.secret.replace(/[\w-]/g, 'x')}`);

function tell(what: string, { status, body }: Answer<object>) {
  const problem = 'code' in body ? ` ${body.code}` : '';
  console.log(`${what}: ${status}${problem}`);
}
