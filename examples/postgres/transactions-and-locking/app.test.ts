import { randomUUID } from 'node:crypto';
import { listen } from '@touchstone/kit/app/http';
import { countWaiting } from '@touchstone/kit/postgres/locks';
import { waitUntil } from '@touchstone/kit/time/wait';
import type { PoolConfig } from 'pg';
import { expect, it } from 'vitest';
import { createAccounts } from './accounts.ts';
import { createApp } from './app.ts';
import { createPool } from './create-pool.ts';
import { addCents, readCents, startAccounts } from './test-accounts.ts';

async function startApp(settings: PoolConfig = {}) {
  const database = await startAccounts();
  const errors: string[] = [];
  const log = {
    warn: () => {},
    error: (message: string) => errors.push(message),
  };
  const pool = createPool(database.url, log);
  Object.assign(pool.options, settings);
  const accounts = createAccounts({ pool, log });
  const sendMail = async () => {};
  const server = await listen(createApp({ accounts, sendMail, log }));

  function post(path: string, body: object, signal?: AbortSignal) {
    return fetch(`${server.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      ...(signal && { signal }),
    });
  }

  async function stop() {
    await server[Symbol.asyncDispose]();
    await pool.end();
    await database[Symbol.asyncDispose]();
  }
  const { url } = server;
  const admin = database.pool;
  return {
    url,
    post,
    pool,
    admin,
    errors,
    [Symbol.asyncDispose]: stop,
  };
}

const order = { sender: 'ana', receiver: 'bob', cents: 6000 };

it('does a transfer once, though it is sent twice', async () => {
  await using app = await startApp();
  const transfer = { ...order, id: randomUUID() };

  const first = await app.post('/transfers', transfer);
  const second = await app.post('/transfers', transfer);

  expect(await first.json()).toEqual({
    id: transfer.id,
    state: 'done',
  });
  expect(await second.json()).toMatchObject({ state: 'done before' });
  const accounts = await fetch(`${app.url}/accounts`);
  expect(await accounts.json()).toContainEqual({
    id: 'ana',
    cents: 4000,
  });
});

it('refuses what is not there: an account, the money', async () => {
  await using app = await startApp();
  const id = randomUUID();

  const stranger = { ...order, id, receiver: 'zoe' };
  const rich = { ...order, id, cents: 10_001 };
  const answers = [
    await app.post('/transfers', stranger),
    await app.post('/transfers', rich),
    await app.post('/withdrawals', { account: 'cy-1', cents: 10_001 }),
  ];

  const codes = [];
  for (const answer of answers) codes.push((await answer.json()).code);
  expect(codes).toEqual([
    'no_such_account',
    'not_enough_money',
    'not_enough_money',
  ]);
  expect(await readCents(app.admin, 'bob')).toBe(10_000);
});

it('asks to try again when a row is locked for too long', async () => {
  await using app = await startApp();
  const rival = await app.admin.connect();
  await rival.query('begin');
  await addCents(rival, 'ana', 1);

  const answers = await Promise.all([
    app.post('/transfers', { ...order, id: randomUUID() }),
    app.post('/withdrawals', { account: 'ana', cents: 1 }),
  ]);

  for (const answer of answers) {
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(await answer.json()).toMatchObject({ code: 'try_again' });
  }
  await rival.query('rollback');
  rival.release();
}, 20_000);

it('asks to send a transfer again whose outcome is unknown, but no withdrawal', async () => {
  await using app = await startApp({ query_timeout: 500 });
  await app.admin.query(
    `create function take_time() returns trigger
     language plpgsql as $$
     begin
       perform pg_sleep(0.8);
       return new;
     end $$;
     create constraint trigger slow
       after update on accounts
       deferrable initially deferred
       for each row
       when (new.cents < old.cents)
       execute function take_time()`,
  );
  const transfer = { ...order, id: randomUUID() };

  const first = await app.post('/transfers', transfer);
  const withdrawal = await app.post('/withdrawals', {
    account: 'cy-1',
    cents: 1,
  });

  expect(first.status).toBe(503);
  expect(withdrawal.status).toBe(500);
  expect(withdrawal.headers.get('retry-after')).toBe(null);
  await waitUntil(
    'the transfer is done',
    async () => (await readCents(app.admin, 'ana')) === 4000,
  );
  const again = await app.post('/transfers', transfer);
  expect(await again.json()).toMatchObject({ state: 'done before' });
});

it('stops a transfer in the database too when its client hangs up', async () => {
  await using app = await startApp();
  const rival = await app.admin.connect();
  await rival.query('begin');
  await addCents(rival, 'ana', 1);
  const hangUp = new AbortController();

  const answer = app.post(
    '/transfers',
    { ...order, id: randomUUID() },
    hangUp.signal,
  );
  await waitUntil(
    'it waits for the row',
    async () => (await countWaiting(app.admin)) === 1,
  );
  hangUp.abort();
  await expect(answer).rejects.toThrow();
  // The rival holds the row all the time.
  await waitUntil(
    'its backend is gone',
    async () => (await countWaiting(app.admin)) === 0,
  );

  await rival.query('rollback');
  rival.release();
  expect(await readCents(app.admin, 'ana')).toBe(10_000);
});

it('survives the end of its idle connections', async () => {
  await using app = await startApp();
  await app.pool.query('select 1');

  await app.admin.query(
    `select pg_terminate_backend(pid)
     from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid()`,
  );

  await waitUntil('it is noticed', () => app.errors.length > 0);
  expect(app.errors).toContain('connection lost');
});
