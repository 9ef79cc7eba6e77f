import { freshDatabase } from '@touchstone/kit/postgres/database';
import { startProgram } from '@touchstone/kit/programs/program';
import { waitUntil } from '@touchstone/kit/time/wait';
import Stripe from 'stripe';
import { findAccount } from './accounts.ts';
import { createSecrets, createSigningSecret } from './secrets.ts';
import {
  type Answer,
  createSender,
  writePaid,
  writeStripePaid,
} from './test-sender.ts';

await using database = await freshDatabase({
  schema: new URL('schema.sql', import.meta.url),
});
const { pool, url } = database;
const secrets = createSecrets();
await using program = await startProgram(
  new URL('main.ts', import.meta.url),
  { ...secrets, DATABASE_URL: url, PORT: '0' },
);
const sender = createSender(program.url, secrets.OPERATOR_TOKEN);
const at = new Date();
const lastWeek = new Date(at.getTime() - 7 * 24 * 60 * 60 * 1000);
const signing = { id: 'msg_1', at, secrets: [secrets.ACME_SECRETS] };

const paid = writePaid('ada', 1000);
show('Acme tells of 10.00', await sender.sendStandard(paid, signing));
await waitUntil(
  'ada has 10.00',
  async () => (await readCents()) === 1000,
);
const answers = await Promise.all(
  Array.from({ length: 10 }, () => sender.sendStandard(paid, signing)),
);
const accepted = answers.filter(({ status }) => status === 202).length;
console.log(`the same ten times at once: ${accepted} times 202`);

const event = writeStripePaid('evt_1', 'ada');
const header = Stripe.webhooks.generateTestHeaderString({
  payload: event,
  secret: secrets.STRIPE_SECRETS,
});
show('Stripe tells of 10.00', await sender.postStripe(event, header));
await waitUntil(
  'ada has 20.00',
  async () => (await readCents()) === 2000,
);

const more = paid.replace('1000', '9000');
const tampered = { ...signing, tampered: more };
show('1000 becomes 9000', await sender.sendStandard(paid, tampered));
const stranger = { ...signing, secrets: [createSigningSecret()] };
show('another secret', await sender.sendStandard(paid, stranger));
const old = { ...signing, at: lastWeek };
show('signed last week', await sender.sendStandard(paid, old));

const poison = { ...signing, id: 'msg_2' };
show('an event of no shape', await sender.sendStandard('{}', poison));
await waitUntil(
  'it has failed',
  async () => (await countFailed()) === 1,
);
const { rows } = await pool.query(
  `select attempts_left as "left" from webhook_events where id = 'msg_2'`,
);
console.log(`it failed and is tried ${rows[0].left} times more`);
show('replay by hand', await sender.replay('acme', 'msg_2'));
console.log(`Ada has ${await readCents()} cents`);

async function readCents() {
  return (await findAccount(pool, 'ada'))?.creditCents;
}

async function countFailed() {
  const { rowCount } = await pool.query(
    'select from webhook_events where last_error is not null',
  );
  return rowCount;
}

function show(what: string, { status, body }: Answer) {
  console.log(`${what}: ${[status, body.code].join(' ').trim()}`);
}
