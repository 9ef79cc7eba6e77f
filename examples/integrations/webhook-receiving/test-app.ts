import { listen } from '@touchstone/kit/app/http';
import { lockTable } from '@touchstone/kit/postgres/locks';
import { createTestLog } from '@touchstone/kit/testing/log';
import { testClock } from '@touchstone/kit/time/clock';
import { waitUntil } from '@touchstone/kit/time/wait';
import { createDeadJobs } from '../../jobs/background-jobs/dead-jobs.ts';
import { createJobQueue } from '../../jobs/background-jobs/job-queue.ts';
import { startJobWorker } from '../../jobs/background-jobs/job-worker.ts';
import { applyAcmeEvent, applyStripeEvent } from './accounts.ts';
import { createApp } from './app.ts';
import type { BodyLimits } from './read-body.ts';
import { createSigningSecret } from './secrets.ts';
import { createVerifier } from './signatures.ts';
import {
  count,
  openTestDatabase,
  openWorkerPool,
} from './test-database.ts';
import { createSender, writePaid } from './test-sender.ts';
import {
  createWebhookHandlers,
  type WebhookHandler,
} from './webhook-handlers.ts';
import { createWebhookInbox } from './webhook-inbox.ts';

const HANDLERS = { acme: applyAcmeEvent, stripe: applyStripeEvent };

type WorkerSettings = {
  handlers?: Record<string, WebhookHandler>;
  timeLimitMs?: number;
  limitSeconds?: number;
  concurrency?: number;
};

/** The app on a socket and a database of its own, with a clock that stops. */
export async function startTestApp({ seconds = 10 }: BodyLimits = {}) {
  const stack = new AsyncDisposableStack();
  const { pool, url } = stack.use(await openTestDatabase());
  const clock = testClock();
  const log = createTestLog();
  const queue = createJobQueue({ pool });
  const inbox = createWebhookInbox({ pool, queue });
  const [acme, stripe] = [createSigningSecret(), createSigningSecret()];
  const verifiers = {
    acme: createVerifier({
      scheme: 'standard',
      secrets: [acme],
      clock,
    }),
    stripe: createVerifier({
      scheme: 'stripe',
      secrets: [stripe],
      clock,
    }),
  };
  const bodyLimits = { seconds };
  const services = { pool, inbox, verifiers, log, bodyLimits };
  const server = stack.use(await listen(createApp(services)));
  const sender = createSender(server.url);

  /** Processes events as they come; a retry has no pause. */
  function startWorker(settings: WorkerSettings = {}) {
    const { handlers = HANDLERS, concurrency = 8 } = settings;
    const { limitSeconds = 60 } = settings;
    const handlerPool = openWorkerPool(url);
    const jobPool = openWorkerPool(url);
    stack.defer(() => handlerPool.end());
    stack.defer(() => jobPool.end());
    const worker = startJobWorker({
      pool: jobPool,
      handlers: createWebhookHandlers({
        ...settings,
        pool: handlerPool,
        queue,
        handlers,
      }),
      log,
      concurrency,
      limitSeconds,
      pollSeconds: 0.02,
      chooseRetry: () => 0,
    });
    stack.defer(() => worker.stop(0));
    return worker;
  }

  return {
    ...sender,
    url: server.url,
    databaseUrl: url,
    pool,
    clock,
    queue,
    inbox,
    deadJobs: createDeadJobs({ pool }),
    secrets: { acme, stripe },
    startWorker,
    /** A payment of 10.00 by that customer. */
    pay: (customer: string, id = customer) =>
      sender.sendStandard(writePaid(customer), {
        id,
        at: clock(),
        secrets: [acme],
      }),
    /** Also unlocks when the test fails. */
    async lock(table: string) {
      const { unlock } = await lockTable(pool, table);
      stack.defer(unlock);
      return unlock;
    },
    count: (place: string) => count(pool, place),
    untilDone: () =>
      waitUntil(
        'no job is left',
        async () => (await count(pool, 'jobs')) === 0,
      ),
    entries: log.entries,
    logged: () => log.entries.map(({ message }) => message),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
