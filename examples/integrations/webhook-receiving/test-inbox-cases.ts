import { untilWaiting } from '@touchstone/kit/postgres/locks';
import { waitUntil } from '@touchstone/kit/time/wait';
import type { Pool } from 'pg';
import { expect, test } from 'vitest';
import { startTestApp } from './test-app.ts';
import { passTime } from './test-database.ts';
import { writeStripePaid } from './test-sender.ts';
import { createWebhookHandlers } from './webhook-handlers.ts';
import {
  createWebhookInbox,
  type WebhookEvent,
} from './webhook-inbox.ts';

test('An inbox keeps the bytes that were signed, and of two bodies with one id the first', async () => {
  await using app = await startTestApp();
  const body = Buffer.from('{ "id": "evt_1",\t"rate": 10.50 }\r\n\0');
  const event = { source: 'stripe', id: 'evt_1', body };

  await app.inbox.accept(event);
  await app.inbox.accept({ ...event, body: Buffer.from('{}') });

  const { rows } = await app.pool.query('select * from webhook_events');
  expect(rows).toEqual([event]);
});

test('Two senders may use the same id', async () => {
  await using app = await startTestApp();
  await app.pay('ada', 'evt_1');
  await app.sendStripe(writeStripePaid('evt_1', 'ada'), {
    at: app.clock(),
    secrets: [app.secrets.stripe],
  });
  const jobs =
    'select kind, payload, unique_key from jobs order by kind';
  expect((await app.pool.query(jobs)).rows).toEqual([
    { kind: 'webhook-acme', payload: 'evt_1', unique_key: 'evt_1' },
    { kind: 'webhook-stripe', payload: 'evt_1', unique_key: 'evt_1' },
  ]);
  await app.inbox.accept({
    source: 'acme',
    id: 'evt_2',
    body: Buffer.from('{}'),
  });

  const seen: WebhookEvent[] = [];
  const keep = async (event: WebhookEvent) => void seen.push(event);
  const handlers = { acme: keep, stripe: keep };
  app.startWorker({ handlers, concurrency: 1 });
  await app.untilDone();

  const names = seen.map(({ source, id }) => `${source} ${id}`);
  expect(names.toSorted()).toEqual([
    'acme evt_1',
    'acme evt_2',
    'stripe evt_1',
  ]);
});

test('Copies of an event that waits add one job, a minute later, which ends at once while the event is in work', async () => {
  await using app = await startTestApp();
  const payCopies = async () => {
    for (let copy = 0; copy < 5; copy += 1) await app.pay('ada');
  };
  await payCopies();
  expect(await app.count('jobs where due_at <= now()')).toBe(1);

  const unlock = await app.lock('accounts');
  app.startWorker();
  await untilWaiting(app.pool);
  await payCopies();
  expect(await app.count('jobs')).toBe(2);
  await passTime(app.pool, 58, 'attempts = 0');
  const soon = `jobs where attempts = 0
    and due_at between now() and now() + interval '2 s'`;
  expect(await app.count(soon)).toBe(1);
  await passTime(app.pool, 2, 'attempts = 0');
  await waitUntil(
    'the job of the copies ends',
    async () => (await app.count('jobs')) === 1,
  );
  await unlock();
  await app.untilDone();

  expect(await app.readCredit('ada')).toBe(1000);
});

test('An event and its job are kept together, or neither is', async () => {
  await using app = await startTestApp();
  const { pool } = app;
  const inbox = createWebhookInbox({
    pool,
    queue: {
      async enqueue(tx, jobs) {
        await app.queue.enqueue(tx, jobs);
        throw new Error('the connection broke');
      },
    },
  });
  const event = {
    source: 'acme',
    id: 'evt_1',
    body: Buffer.from('{}'),
  };

  await expect(inbox.accept(event)).rejects.toThrow('broke');

  for (const table of ['webhook_receipts', 'webhook_events', 'jobs'])
    expect(await app.count(table)).toBe(0);
});

test('A copy of an event that was processed adds no job, whatever else waits', async () => {
  await using app = await startTestApp();
  const worker = app.startWorker();
  await app.pay('ada');
  await app.untilDone();
  await worker.stop();
  await app.pay('bob');
  await app.sendStripe(writeStripePaid('ada', 'ada'), {
    at: app.clock(),
    secrets: [app.secrets.stripe],
  });

  await app.pay('ada');

  const { rows } = await app.pool.query(
    'select kind, payload from jobs order by kind',
  );
  expect(rows).toEqual([
    { kind: 'webhook-acme', payload: 'bob' },
    { kind: 'webhook-stripe', payload: 'ada' },
  ]);
});

test('A handler has 60 seconds, and is not called when the lease of its job is lost', async () => {
  await using app = await startTestApp();
  const limits: unknown[] = [];
  const handlers = createWebhookHandlers({
    pool: app.pool,
    queue: app.queue,
    handlers: {
      async acme(_event, tx) {
        const { rows } = await tx.query('show statement_timeout');
        limits.push(...rows);
      },
    },
  });
  await app.pay('ada');
  const [job] = await app.queue.claim(['webhook-acme'], 1, 30);
  const process = handlers['webhook-acme'];
  if (!job || !process) throw new Error('the event has no job');
  const { signal } = new AbortController();

  const late = process({ ...job, attempt: 2 }, signal);
  await expect(late).rejects.toThrow('lease');
  expect(limits).toEqual([]);
  await process(job, signal);

  // Postgres ends what the process did not end 5 s before.
  expect(limits).toEqual([{ statement_timeout: '65s' }]);
});

test('The tables refuse what the code must not do', async () => {
  await using app = await startTestApp();
  const run = (text: string, values: unknown[] = []) =>
    app.pool.query(text, values);
  const receipt = `insert into webhook_receipts (source, id) values ($1, $2)`;
  for (const id of ['', 'x'.repeat(256), null])
    await expect(run(receipt, ['acme', id])).rejects.toThrow();
  await run(receipt, ['acme', 'x'.repeat(255)]);
  await run(receipt, ['acme', 'x']);
  await expect(run(receipt, [null, 'x'])).rejects.toThrow('null');
  await expect(
    run('update webhook_receipts set received_at = null'),
  ).rejects.toThrow('null');

  const event = `insert into webhook_events values ('acme', $1, $2)`;
  await expect(run(event, ['x', null])).rejects.toThrow('null');
  await expect(run(event, ['y', 'body'])).rejects.toThrow('foreign');
  await run(event, ['x', 'body']);
  await expect(run(event, ['x', 'body'])).rejects.toThrow('duplicate');
  await expect(
    run(`delete from webhook_receipts where id = 'x'`),
  ).rejects.toThrow('foreign');
});

test('A purge forgets the oldest processed events, and none that waits', async () => {
  await using app = await startTestApp();
  await app.pay('waits');
  const add = `
    insert into webhook_receipts (source, id, received_at)
    select source, id, now() - make_interval(days => $2, hours => $3)
    from unnest($1::text[]) as id, unnest($4::text[]) as source`;
  const both = ['acme', 'other'];
  await app.pool.query(add, [['old', 'waits'], 61, 0, ['other']]);
  await app.pool.query(add, [['older'], 62, 0, both]);
  await app.pool.query(add, [['young'], 59, 23, both]);
  await app.pool.query(
    `update webhook_receipts set received_at = now() - interval '90 days'
     where source = 'acme' and id = 'waits'`,
  );
  const list = async () => {
    const { rows } = await app.pool.query(
      'select source, id from webhook_receipts order by id, source',
    );
    return rows.map(({ source, id }) => `${source} ${id}`);
  };

  expect(await app.inbox.purge(60, 2)).toBe(2);
  expect(await list()).toEqual([
    'other old',
    'acme waits',
    'other waits',
    'acme young',
    'other young',
  ]);
  expect(await app.inbox.purge(60)).toBe(2);
  expect(await app.inbox.purge(60)).toBe(0);
  expect(await list()).toEqual([
    'acme waits',
    'acme young',
    'other young',
  ]);
});

test('A purge finds old receipts in an index that has their order', async () => {
  await using app = await startTestApp();
  await addOld(app.pool, 1000);
  await app.pool.query('analyze webhook_receipts');
  const { rows } = await app.pool.query(
    `explain select from webhook_receipts
     where received_at < now() - interval '60 days'
     order by received_at
     limit 1`,
  );
  const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
  expect(plan).toContain('webhook_receipts_by_age');
  expect(plan).not.toContain('Sort');
});

test('A purge does not wait for a receipt that is locked', async () => {
  await using app = await startTestApp();
  await addOld(app.pool, 3);
  const client = await app.pool.connect();
  try {
    await client.query(
      `begin; select from webhook_receipts where id = '2' for update`,
    );
    const purged = app.inbox.purge(60);
    const blocked = untilWaiting(app.pool).catch(() => {});
    expect(await Promise.race([purged, blocked])).toBe(2);
  } finally {
    await client.query('commit');
    client.release();
  }
  expect(await app.inbox.purge(60)).toBe(1);
});

test('A purge takes a thousand at most', async () => {
  await using app = await startTestApp();
  await addOld(app.pool, 1001);
  expect(await app.inbox.purge(60)).toBe(1000);
  expect(await app.inbox.purge(60)).toBe(1);
});

/** Receipts of 61 days ago. */
async function addOld(pool: Pool, count: number) {
  await pool.query(
    `insert into webhook_receipts
     select 'acme', n, now() - interval '61 days'
     from generate_series(1, $1::int) as n`,
    [count],
  );
}
