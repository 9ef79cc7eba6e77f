import express from 'express';
import type { Pool } from 'pg';
import { Webhook } from 'standardwebhooks';
import { createJobQueue } from '../../jobs/background-jobs/job-queue.ts';
import { startJobWorker } from '../../jobs/background-jobs/job-worker.ts';
import { listenForWakeUps } from '../../jobs/worker-loop/listen-for-wake-ups.ts';
import { createPool } from '../../postgres/connection-pooling/create-pool.ts';
import { inTransaction } from '../../postgres/transactions-and-locking/in-transaction.ts';
import { applyAcmeEvent } from './accounts.ts';
import { createApp } from './app.ts';
import { createVerifier } from './signatures.ts';
import { createWebhookHandlers } from './webhook-handlers.ts';
import { createWebhookInbox } from './webhook-inbox.ts';

const log = console;
const common = { applicationName: 'bench', log };

/** This pattern without its worker. */
export function createPatternApp(pool: Pool, secret: string) {
  const queue = createJobQueue({ pool });
  const inbox = createWebhookInbox({ pool, queue });
  const secrets = [secret];
  const acme = createVerifier({ scheme: 'standard', secrets });
  return createApp({ pool, inbox, log, verifiers: { acme } });
}

/** The worker of this pattern, wired as on its page. */
export function startPatternWorker(connectionString: string) {
  const pool = createPool({ ...common, connectionString });
  const jobPool = createPool({ ...common, connectionString, max: 4 });
  const handlers = createWebhookHandlers({
    pool,
    queue: createJobQueue({ pool }),
    handlers: { acme: applyAcmeEvent },
  });
  const services = { pool: jobPool, handlers, log, concurrency: 10 };
  const { wake, ...worker } = startJobWorker(services);
  const listener = listenForWakeUps({ connectionString, wake, log });
  async function stop() {
    await Promise.all([listener.stop(), worker.stop()]);
    await Promise.all([pool.end(), jobPool.end()]);
  }
  return { [Symbol.asyncDispose]: stop };
}

/** The official package after Express's own raw parser, and what the caller does with the event. */
function createLibraryApp(
  secret: string,
  keep: (id: string, body: Buffer) => Promise<unknown>,
) {
  const webhook = new Webhook(secret);
  const app = express();
  const raw = express.raw({ type: () => true, limit: '256kb' });
  app.post('/webhooks/acme', raw, async (request, response) => {
    const id = `${request.get('webhook-id')}`;
    const headers = {
      'webhook-id': id,
      'webhook-timestamp': `${request.get('webhook-timestamp')}`,
      'webhook-signature': `${request.get('webhook-signature')}`,
    };
    webhook.verify(request.body, headers, { jsonParse: false });
    await keep(id, request.body);
    response.status(202).end();
  });
  return app;
}

/** One insert an event, and nothing that would process it. */
export function createInsertApp(pool: Pool, secret: string) {
  return createLibraryApp(secret, (id, body) =>
    pool.query(
      `insert into bench_events (id, body)
       values ($1, $2)
       on conflict do nothing`,
      [id, body],
    ),
  );
}

/** The effect in the request, in one transaction with the id of the event. */
export function createInRequestApp(pool: Pool, secret: string) {
  return createLibraryApp(secret, (id, body) =>
    inTransaction(pool, async (tx, signal) => {
      const { rowCount } = await tx.query(
        `insert into webhook_receipts (source, id)
         values ('in-request', $1)
         on conflict do nothing`,
        [id],
      );
      const event = { source: 'in-request', id, body };
      if (rowCount === 1) await applyAcmeEvent(event, tx, signal);
    }),
  );
}
