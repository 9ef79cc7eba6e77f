import { createJobQueue } from '../../jobs/background-jobs/job-queue.ts';
import { startJobWorker } from '../../jobs/background-jobs/job-worker.ts';
import { startPurging } from '../../jobs/background-jobs/start-purging.ts';
import { listenForWakeUps } from '../../jobs/worker-loop/listen-for-wake-ups.ts';
import { createPool } from '../../postgres/connection-pooling/create-pool.ts';
import { applyAcmeEvent, applyStripeEvent } from './accounts.ts';
import { createApp } from './app.ts';
import { createVerifier } from './signatures.ts';
import { createWebhookHandlers } from './webhook-handlers.ts';
import { createWebhookInbox } from './webhook-inbox.ts';

type Settings = {
  connectionString: string;
  secrets: { acme: string[]; stripe: string[] };
  log: Parameters<typeof startJobWorker>[0]['log'];
};

/** An app that receives webhooks and processes them in the same process. */
export function startPayments(settings: Settings) {
  const { connectionString, secrets, log } = settings;
  const common = { connectionString, applicationName: 'payments', log };
  // #region wire
  const { acme, stripe } = secrets;
  const verifiers = {
    acme: createVerifier({ scheme: 'standard', secrets: acme }),
    stripe: createVerifier({ scheme: 'stripe', secrets: stripe }),
  };
  const pool = createPool(common);
  const queue = createJobQueue({ pool });
  const inbox = createWebhookInbox({ pool, queue });
  const purging = startPurging(() => inbox.purge(60), log);

  // Slow handlers must not use up the connections of the others.
  const handlerPool = createPool(common);
  const jobPool = createPool({ ...common, max: 4 });
  const handlers = createWebhookHandlers({
    pool: handlerPool,
    queue,
    handlers: { acme: applyAcmeEvent, stripe: applyStripeEvent },
  });
  const services = { pool: jobPool, handlers, log, concurrency: 10 };
  const { wake, check, ...worker } = startJobWorker(services);
  const listener = listenForWakeUps({ connectionString, wake, log });

  /** Call it after the last answer. */
  async function stop() {
    purging.stop();
    await Promise.all([listener.stop(), worker.stop()]);
    const pools = [pool, handlerPool, jobPool];
    await Promise.all(pools.map((one) => one.end()));
  }
  // #endregion wire

  const app = createApp({ pool, inbox, verifiers, log });
  return { app, check, stop };
}
