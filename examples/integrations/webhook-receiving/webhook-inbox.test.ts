import { expect, it } from 'vitest';
import { applyEvent } from './accounts.ts';
import { startTestApp } from './test-app.ts';
import { writePaid, writeStripePaid } from './test-sender.ts';
import type { WebhookInboxOptions } from './webhook-inbox.ts';
import { startWorker } from './worker.ts';

it('answers 202 once the event is kept, and processes it later', async () => {
  await using app = await startTestApp();

  const answer = await sendPaid(app, 'msg_1');

  expect(answer).toEqual({ status: 202, body: {} });
  expect((await app.readAccount('ada')).body).toBeNull();
  expect(await app.processAll()).toBe(1);
  expect((await app.readAccount('ada')).body).toEqual({
    creditCents: 1000,
    status: null,
  });
});

it('keeps the bytes that were signed', async () => {
  await using app = await startTestApp();
  const body = '{ "id": "evt_1",\t"rate": 10.50, "name": "Zo\\u00eb" }';

  await app.sendStripe(body, {
    at: app.clock(),
    secrets: [app.secrets.stripe],
  });

  const { rows } = await app.pool.query(
    'select source, id, body from webhook_events',
  );
  const event = { source: 'stripe', id: 'evt_1' };
  expect(rows).toEqual([{ ...event, body: Buffer.from(body) }]);
});

it('counts what two senders call by the same id', async () => {
  await using app = await startTestApp();
  await sendPaid(app, 'evt_1');

  await app.sendStripe(writeStripePaid('evt_1', 'ada'), {
    at: app.clock(),
    secrets: [app.secrets.stripe],
  });
  await app.processAll();

  expect((await app.readAccount('ada')).body).toMatchObject({
    creditCents: 2000,
  });
});

it('answers while the handler is still at work', async () => {
  const working = Promise.withResolvers<void>();
  const mayEnd = Promise.withResolvers<void>();
  await using app = await startTestApp({
    async handle(event, tx) {
      working.resolve();
      await mayEnd.promise;
      await applyEvent(event, tx);
    },
  });
  const worker = startWorker({ ...app.inbox, log: console });

  await sendPaid(app, 'msg_1');
  worker.wake();
  await working.promise;
  expect((await sendPaid(app, 'msg_2')).status).toBe(202);
  expect((await app.readAccount('ada')).body).toBeNull();
  mayEnd.resolve();
  // What is under way ends before the worker does.
  await worker[Symbol.asyncDispose]();

  expect((await app.readAccount('ada')).body).not.toBeNull();
});

it('gives each of a hundred events to one of eight workers', async () => {
  const handled: string[] = [];
  await using app = await startTestApp({
    async handle(event, tx) {
      handled.push(event.id);
      await applyEvent(event, tx);
    },
  });
  const ids = Array.from({ length: 100 }, (_, n) => `msg_${n}`);
  await Promise.all(ids.map((id) => sendPaid(app, id)));

  await Promise.all(Array.from({ length: 8 }, app.processAll));

  expect(handled.toSorted()).toEqual(ids.toSorted());
  expect((await app.readAccount('ada')).body).toMatchObject({
    creditCents: 100_000,
  });
});

it('tries again when the connection breaks in the middle', async () => {
  let breaks = true;
  await using app = await startTestApp({
    async handle(event, tx) {
      await applyEvent(event, tx);
      if (breaks) await tx.query(BREAK);
    },
  });
  await sendPaid(app, 'msg_1');

  expect(await app.processAll()).toBe(1);
  breaks = false;
  app.clock.advance({ seconds: 10 });
  expect(await app.processAll()).toBe(1);

  expect((await app.readAccount('ada')).body).toMatchObject({
    creditCents: 1000,
  });
});

it('leaves an event to the worker that has it, even once its retry is due', async () => {
  let turn = 0;
  await using app = await startTestApp({
    async handle(event, tx) {
      turn++;
      // Its retry comes due while it works: the row lock holds.
      app.clock.advance({ hours: 1 });
      expect(await app.inbox.processNext()).toBe(false);
      await applyEvent(event, tx);
    },
  });
  await sendPaid(app, 'msg_1');

  await app.processAll();

  expect(turn).toBe(1);
});

it('lets a worker that comes back too late do nothing', async () => {
  const handled: string[] = [];
  await using app = await startTestApp({
    handle: async ({ id }) => void handled.push(id),
  });
  await sendPaid(app, 'msg_1');
  // With one connection, whoever asks next waits for the one before.
  await using slow = await app.startSlowInbox();

  const late = slow.inbox.processNext();
  const letGo = await slow.holdAfterClaim();
  app.clock.advance({ seconds: 10 });
  expect(await app.processAll()).toBe(1);
  letGo();

  expect(await late).toBe(true);
  expect(handled).toEqual(['msg_1']);
});

it('undoes what a handler did that hangs, or that swallows the error of a statement', async () => {
  let stopped: AbortSignal | undefined;
  const faults: Record<string, WebhookInboxOptions['handle']> = {
    async hangs(_event, _tx, signal) {
      stopped = signal;
      await new Promise<never>(() => {});
    },
    async swallows(_event, tx) {
      await tx.query('select 1 / 0').catch(() => {});
    },
  };
  let isMended = false;
  await using app = await startTestApp({
    handleSeconds: 2,
    async handle(event, tx, signal) {
      if (isMended) return applyEvent(event, tx);
      await applyEvent(event, tx);
      await faults[event.id]?.(event, tx, signal);
    },
  });
  for (const id of ['hangs', 'swallows'])
    await app.sendStandard(writePaid(id), {
      id,
      at: app.clock(),
      secrets: [app.secrets.acme],
    });

  expect(await app.processAll()).toBe(2);

  expect(stopped?.aborted).toBe(true);
  expect(app.logged.toSorted()).toEqual([
    expect.stringContaining('longer than its time limit'),
    expect.stringContaining('rolled the transaction back'),
  ]);
  expect((await app.readAccount('hangs')).body).toBeNull();
  expect((await app.readAccount('swallows')).body).toBeNull();

  isMended = true;
  app.clock.advance({ seconds: 10 });
  expect(await app.processAll()).toBe(2);
  for (const id of ['hangs', 'swallows'])
    expect((await app.readAccount(id)).body).toMatchObject({
      creditCents: 1000,
    });
});

it('refuses a time limit that is none', async () => {
  for (const handleSeconds of [0, -1, Number.NaN, 86_401])
    await expect(startTestApp({ handleSeconds })).rejects.toThrow(
      'handleSeconds must be',
    );
});

it('goes on when the database was away', async () => {
  const logged: string[] = [];
  let calls = 0;
  const again = Promise.withResolvers<void>();
  await using worker = startWorker({
    loops: 1,
    pollSeconds: 60,
    log: { error: (message) => void logged.push(message) },
    async processNext() {
      if (++calls === 1) throw new Error('the database is away');
      again.resolve();
      return false;
    },
  });

  worker.wake();
  await again.promise;

  expect(logged).toEqual(['the webhook worker failed']);
});

const BREAK = 'select pg_terminate_backend(pg_backend_pid())';

type TestApp = Awaited<ReturnType<typeof startTestApp>>;

function sendPaid(app: TestApp, id: string) {
  return app.sendStandard(writePaid('ada'), {
    id,
    at: app.clock(),
    secrets: [app.secrets.acme],
  });
}
