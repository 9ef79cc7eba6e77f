import { listen } from '@touchstone/kit/app/http';
import {
  freshDatabase,
  openPool,
} from '@touchstone/kit/postgres/database';
import { testClock } from '@touchstone/kit/time/clock';
import { applyEvent } from './accounts.ts';
import { createApp } from './app.ts';
import type { BodyLimits } from './read-body.ts';
import { createSecrets, createSigningSecret } from './secrets.ts';
import { createVerifiers } from './senders.ts';
import { createSender } from './test-sender.ts';
import {
  createWebhookInbox,
  type WebhookInboxOptions,
} from './webhook-inbox.ts';

type TestOptions = {
  handle?: WebhookInboxOptions['handle'];
  handleSeconds?: number;
  bodyLimits?: BodyLimits;
};

/** The app on a socket and a database of its own, with a clock that stands still and no worker. */
export async function startTestApp(options: TestOptions = {}) {
  const { handle = applyEvent, handleSeconds = 60 } = options;
  const { bodyLimits } = options;
  const database = await freshDatabase({
    schema: new URL('schema.sql', import.meta.url),
  });
  const { pool, url } = database;
  const clock = testClock();
  const log = createTestLog();
  const secrets = {
    acme: createSigningSecret(),
    stripe: createSigningSecret(),
  };
  const { OPERATOR_TOKEN } = createSecrets();
  const inbox = createWebhookInbox({
    pool,
    clock,
    log,
    handle,
    handleSeconds,
  });
  const verifiers = createVerifiers(
    { ACME_SECRETS: [secrets.acme], STRIPE_SECRETS: [secrets.stripe] },
    clock,
  );
  const server = await listen(
    createApp({
      pool,
      inbox,
      verifiers,
      operatorToken: OPERATOR_TOKEN,
      log,
      ...(bodyLimits && { bodyLimits }),
    }),
  );
  const sender = createSender(server.url, OPERATOR_TOKEN);

  /** Processes until nothing is due. */
  async function processAll() {
    let processed = 0;
    while (await inbox.processNext()) processed++;
    return processed;
  }

  /** An inbox of another instance, which has one connection, and that is taken. */
  async function startSlowInbox() {
    const { pool: slowPool } = openPool(url, { max: 1 });
    const first = await slowPool.connect();

    /** Lets the claim through, and takes the connection before the mark gets it. */
    async function holdAfterClaim() {
      const second = slowPool.connect();
      first.release();
      const client = await second;
      return () => client.release();
    }

    return {
      inbox: createWebhookInbox({ pool: slowPool, clock, log, handle }),
      holdAfterClaim,
      [Symbol.asyncDispose]: () => slowPool.end(),
    };
  }

  async function dispose() {
    await server[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  }

  return {
    ...sender,
    url: server.url,
    pool,
    clock,
    inbox,
    secrets,
    logged: log.logged,
    processAll,
    startSlowInbox,
    [Symbol.asyncDispose]: dispose,
  };
}

function createTestLog() {
  const logged: string[] = [];
  const keep = (message: string, details: object) =>
    void logged.push(`${message} ${JSON.stringify(details)}`);
  return { logged, warn: keep, error: keep };
}
