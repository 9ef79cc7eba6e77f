import { readEnvironment } from '@touchstone/kit/app/environment';
import { listen } from '@touchstone/kit/app/http';
import { runMain } from '@touchstone/kit/app/main';
import { openDatabase } from '@touchstone/kit/postgres/database';
import { systemClock } from '@touchstone/kit/time/clock';
import { applyEvent } from './accounts.ts';
import { createApp } from './app.ts';
import { environmentSchema } from './environment.ts';
import { createVerifiers } from './senders.ts';
import { signStandard } from './sign.ts';
import { createWebhookInbox } from './webhook-inbox.ts';
import { startWorker } from './worker.ts';

await runMain(async (stopped) => {
  const settings = readEnvironment(environmentSchema);
  await using database = await openDatabase({
    url: settings.DATABASE_URL,
    schema: new URL('schema.sql', import.meta.url),
    dataFolder: new URL('.data/postgres', import.meta.url),
  });
  const { pool } = database;
  const services = { pool, clock: systemClock, log: console };

  const inbox = createWebhookInbox({ ...services, handle: applyEvent });
  await using worker = startWorker({ ...inbox, log: console });
  const app = createApp({
    ...services,
    inbox,
    verifiers: createVerifiers(settings, systemClock),
    operatorToken: settings.OPERATOR_TOKEN,
    wake: worker.wake,
  });
  await using server = await listen(app, { port: settings.PORT });
  console.log(`listening on ${server.url}`);
  console.log(describeUse(server.url, settings.ACME_SECRETS));
  await stopped;
});

/** A request that is signed for the next five minutes: no secret is told. */
function describeUse(url: string, secrets: string[]): string {
  const at = new Date();
  const body = JSON.stringify({
    type: 'invoice.paid',
    timestamp: at.toISOString(),
    data: { customer: 'ada', amount_paid: 1000 },
  });
  const signed = signStandard({
    id: `msg_${at.getTime()}`,
    body,
    at,
    secrets,
  });
  const headers = Object.entries(signed).map(
    ([name, value]) => `-H '${name}: ${value}'`,
  );
  const asOperator = `-H "authorization: Bearer $OPERATOR_TOKEN"`;
  return [
    'try, within five minutes and as often as you like:',
    `  curl -i ${url}/webhooks/acme ${headers.join(' ')} -d '${body}'`,
    `  curl ${url}/accounts/ada ${asOperator}`,
    `  curl ${url}/dead-letters ${asOperator}`,
  ].join('\n');
}
