import { systemClock } from '@touchstone/kit/time/clock';
import express from 'express';
import type { Pool } from 'pg';
import { Webhook } from 'standardwebhooks';
import { applyEvent } from './accounts.ts';
import { createApp } from './app.ts';
import { createSecrets } from './secrets.ts';
import { createVerifiers } from './senders.ts';
import { createWebhookInbox } from './webhook-inbox.ts';

/** This pattern, as main.ts has it; the worker is the caller's to start. */
export function createPatternApp(pool: Pool, secret: string) {
  const inbox = createWebhookInbox({
    pool,
    clock: systemClock,
    log: console,
    handle: applyEvent,
  });
  const app = createApp({
    pool,
    inbox,
    log: console,
    verifiers: createVerifiers(
      { ACME_SECRETS: [secret], STRIPE_SECRETS: [secret] },
      systemClock,
    ),
    operatorToken: createSecrets().OPERATOR_TOKEN,
  });
  return { app, inbox };
}

/** The official package behind Express's own raw parser, and the same insert. */
export function createLibraryApp(pool: Pool, secret: string) {
  const webhook = new Webhook(secret);
  const app = express();
  const raw = express.raw({ type: () => true, limit: '256kb' });
  app.post('/webhooks/acme', raw, async (request, response) => {
    const headers = request.headers as Record<string, string>;
    webhook.verify(request.body, headers, { jsonParse: false });
    const now = new Date();
    await pool.query(
      `insert into webhook_events
         (source, id, body, received_at, due_at, attempts_left)
       values ('library', $1, $2, $3, $3, 8)
       on conflict (source, id) do nothing`,
      [request.get('webhook-id'), request.body, now],
    );
    response.status(202).end();
  });
  return app;
}
