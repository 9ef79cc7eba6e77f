import { listen } from '@touchstone/kit/app/http';
import { findAccount } from './accounts.ts';
import { createNaiveApp } from './naive.ts';
import { createSigningSecret } from './secrets.ts';
import { openTestDatabase } from './test-database.ts';
import { createSender, writePaid } from './test-sender.ts';

await using database = await openTestDatabase();
const { pool } = database;
const secret = createSigningSecret();
await using server = await listen(createNaiveApp({ pool, secret }));
const acme = createSender(server.url);

const paid = writePaid('ada', 1000);
const now = new Date();
const lastYear = new Date(now.getTime() - 365 * 24 * 60 * 60 * 1000);
await report('Acme writes 10.50, not 10.5', addRate(paid), now);
await report('Acme reports a payment of 10.00', paid, now);
await report('no answer in 15 s, so it sends again', paid, now);
await report('an attacker sends a copy of last year', paid, lastYear);

async function report(what: string, body: string, at: Date) {
  const delivery = { id: 'msg_1', at, secrets: [secret] };
  const { status } = await acme.sendStandard(body, delivery);
  const { creditCents = 0 } = (await findAccount(pool, 'ada')) ?? {};
  console.log(`${what}: ${status}, credit ${creditCents / 100}.00`);
}

function addRate(body: string): string {
  return body.replace('{', '{"rate":10.50,');
}
