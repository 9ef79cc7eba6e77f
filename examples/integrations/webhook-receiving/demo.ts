import { startProgram } from '@touchstone/kit/programs/program';
import { waitUntil } from '@touchstone/kit/time/wait';
import Stripe from 'stripe';
import { createSecrets, createSigningSecret } from './secrets.ts';
import { count, openTestDatabase } from './test-database.ts';
import {
  type Answer,
  createSender,
  writePaid,
  writeStripePaid,
} from './test-sender.ts';

await using database = await openTestDatabase();
const { pool, url } = database;
const secrets = createSecrets();
await using program = await startProgram(
  new URL('main.ts', import.meta.url),
  { ...secrets, DATABASE_URL: url, PORT: '0' },
);
const sender = createSender(program.url);
const at = new Date();
const lastWeek = new Date(at.getTime() - 7 * 24 * 60 * 60 * 1000);
const signing = { id: 'msg_1', at, secrets: [secrets.ACME_SECRETS] };

const paid = writePaid('ada', 1000);
show('Acme reports 10.00', await sender.sendStandard(paid, signing));
await untilCredit(1000);
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
const stripe = { 'stripe-signature': header };
show(
  'Stripe reports 10.00',
  await sender.post('stripe', stripe, event),
);
await untilCredit(2000);

const more = paid.replace('1000', '9000');
const tampered = { ...signing, tampered: more };
show('1000 becomes 9000', await sender.sendStandard(paid, tampered));
const stranger = { ...signing, secrets: [createSigningSecret()] };
show('another secret', await sender.sendStandard(paid, stranger));
const old = { ...signing, at: lastWeek };
show('signed last week', await sender.sendStandard(paid, old));

const poison = { ...signing, id: 'msg_2' };
const sent = await sender.sendStandard('{}', poison);
show('an event that is not valid', sent);
await waitUntil('it has failed', async () =>
  Boolean(await count(pool, 'jobs where last_error is not null')),
);
const waiting = await count(pool, 'webhook_events');
console.log(
  `it failed and will be tried again: ${waiting} event waits`,
);
console.log(`Ada has ${await sender.readCredit('ada')} cents`);
console.log(`SIGTERM: exit code ${await program.kill('SIGTERM')}`);

function untilCredit(cents: number) {
  return waitUntil(
    `ada has ${cents}`,
    async () => (await sender.readCredit('ada')) === cents,
  );
}

function show(what: string, { status, body }: Answer) {
  console.log(`${what}: ${[status, body.code].join(' ').trim()}`);
}
