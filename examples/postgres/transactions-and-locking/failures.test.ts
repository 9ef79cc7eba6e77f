import { getEventListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { listen } from '@touchstone/kit/app/http';
import { openPool } from '@touchstone/kit/postgres/database';
import { countWaiting } from '@touchstone/kit/postgres/locks';
import { failure } from '@touchstone/kit/testing/failure';
import { waitUntil } from '@touchstone/kit/time/wait';
import type { PoolClient } from 'pg';
import { expect, test } from 'vitest';
import { createAccounts } from './accounts.ts';
import { takeLock } from './advisory-lock.ts';
import { createApp } from './app.ts';
import {
  inTransaction,
  type TransactionOptions,
} from './in-transaction.ts';
import type { Queryable } from './queryable.ts';
import {
  addCents,
  createMeeting,
  readCents,
  startAccounts,
  sumCents,
} from './test-accounts.ts';
import { startLossyNetwork } from './test-network.ts';

/** At COMMIT, an account of Ana or Bob may not be overdrawn. */
const DEFERRED = `
  create function refuse_debt() returns trigger
  language plpgsql as $$
  begin
    if new.cents < 0 then raise check_violation; end if;
    return new;
  end $$;
  create constraint trigger no_debt
    after update on accounts
    deferrable initially deferred
    for each row execute function refuse_debt()`;

/** COMMIT of a change of accounts takes 0.8 s, less than the server takes to notice a closed connection. */
const SLOW_COMMIT = `
  create function take_time() returns trigger
  language plpgsql as $$
  begin
    perform pg_sleep(0.8);
    return new;
  end $$;
  create constraint trigger slow
    after update on accounts
    deferrable initially deferred
    for each row execute function take_time()`;

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

const silent = { warn: () => {}, error: () => {} };
const never = () => new Promise<never>(() => {});

/** How many backends of this database are in a transaction, without the one that asks. */
async function countOpen(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ count: number }>(
    `select count(*)::int as count
     from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid()
       and xact_start is not null`,
  );
  return rows[0]?.count ?? 0;
}

function afterMicrotasks(hops: number, run: () => void) {
  if (hops === 0) run();
  else queueMicrotask(() => afterMicrotasks(hops - 1, run));
}

const countTimers = () =>
  process.getActiveResourcesInfo().filter((one) => one === 'Timeout')
    .length;

async function readPid(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ pid: number }>(
    'select pg_backend_pid() as pid',
  );
  return rows[0]?.pid ?? 0;
}

failure(
  'The function catches the error of a statement and goes on',
  {
    symptom:
      'TransactionError `rolled_back`, with the error of the statement as its cause',
    defence: 'commit',
    remains:
      'The transaction is lost: use `on conflict do nothing` for a row that may be there',
  },
  async () => {
    await using database = await startAccounts();
    await using one = openPool(database.url, { max: 1 });
    const { pool } = one;
    const pid = await readPid(pool);

    const outcome = inTransaction(pool, async (tx) => {
      await addCents(tx, 'ana', 100);
      await tx.query('select 1 / 0').catch(() => {});
      await tx.query('select 2').catch(() => {});
      // Postgres answers it even now.
      await tx.query('');
      return 'done';
    });

    await expect(outcome).rejects.toMatchObject({
      name: 'TransactionError',
      code: 'rolled_back',
      message: expect.stringContaining('rolled the transaction back'),
      cause: { code: '22012' },
    });
    expect(await readCents(pool, 'ana')).toBe(10_000);
    // The connection is good, and stays.
    expect(await readPid(pool)).toBe(pid);
  },
);

failure(
  'The connection is killed in the middle of a transaction',
  {
    symptom:
      'The error of Postgres, 57P01, at once; the process lives, and the next transaction gets another connection',
    defence: 'give-back',
    remains: 'The caller decides whether to do it again',
  },
  async () => {
    await using database = await startAccounts();
    await using one = openPool(database.url, { max: 1 });
    const { pool } = one;
    const killed: number[] = [];
    let reason: unknown;

    // The work waits for something else than the database meanwhile.
    const outcome = inTransaction(pool, async (tx, signal) => {
      await addCents(tx, 'ana', 100);
      killed.push(await readPid(tx));
      signal.addEventListener('abort', () => {
        reason = signal.reason;
      });
      await database.pool.query(
        'select pg_terminate_backend($1)',
        killed,
      );
      await never();
    });

    await expect(outcome).rejects.toMatchObject({ code: '57P01' });
    expect(reason).toMatchObject({ code: '57P01' });
    const next = await inTransaction(pool, readPid);
    expect(killed).not.toContain(next);
    expect(await readCents(pool, 'ana')).toBe(10_000);
  },
);

test('Listeners do not pile up on a connection, nor on the signal of a caller', async () => {
  await using database = await startAccounts();
  await using one = openPool(database.url, { max: 1 });
  const { signal } = new AbortController();
  const counts: number[] = [];
  one.pool.on('acquire', (client: PoolClient) => {
    counts.push(client.listenerCount('error'));
  });

  const pids = [await readPid(one.pool)];
  const timers = countTimers();
  for (const _ of [1, 2, 3])
    pids.push(await inTransaction(one.pool, { signal }, readPid));

  expect(countTimers()).toBeLessThan(timers + 3);
  expect(new Set(pids).size).toBe(1);

  expect(new Set(counts).size).toBe(1);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

failure(
  'The work hangs on a call that never answers',
  {
    symptom:
      'TransactionError `timed_out` after `timeLimitMs`; its locks are free, and vacuum is not held up',
    defence: 'limits',
    remains:
      'The hung call itself goes on, unless it uses the `signal`; its later queries are refused, but not those of `pool.query`',
  },
  async () => {
    await using database = await startAccounts();
    const { pool } = database;
    let late: Promise<unknown> | undefined;

    const outcome = inTransaction(
      pool,
      { timeLimitMs: 300 },
      async (tx, signal) => {
        await addCents(tx, 'ana', 100);
        await new Promise((resolve) =>
          signal.addEventListener('abort', resolve),
        );
        late = tx.query('select 1');
        late.catch(() => {});
        await never();
      },
    );

    await expect(outcome).rejects.toMatchObject({ code: 'timed_out' });
    await waitUntil(
      'its transaction is gone',
      async () => (await countOpen(pool)) === 0,
    );
    await inTransaction(pool, (tx) => addCents(tx, 'ana', 1));
    expect(await readCents(pool, 'ana')).toBe(10_001);
    await expect(late).rejects.toMatchObject({ code: 'ended' });
  },
);

failure(
  'The answer to COMMIT never comes',
  {
    symptom:
      'TransactionError `outcome_unknown` within the time limit, or the `query_timeout` of the pool; it is not tried again',
    defence: 'give-back',
    remains:
      'The row may be there, as here: use an id of your own, and read the row by it',
  },
  async () => {
    await using database = await startAccounts();
    await using network = await startLossyNetwork(
      database.url,
      'commit\0',
    );
    await using far = openPool(network.url, { max: 1 });
    const options = { timeLimitMs: 500, attempts: 3 };
    let runs = 0;

    const outcome = inTransaction(far.pool, options, async (tx) => {
      runs += 1;
      await tx.query('savepoint before');
      await createColliding(1)
        .work(tx)
        .catch(() => {});
      await tx.query('rollback to before');
      await addCents(tx, 'ana', 100);
    });

    await expect(outcome).rejects.toMatchObject({
      code: 'outcome_unknown',
      cause: { code: 'timed_out' },
    });
    expect(runs).toBe(1);
    await waitUntil(
      'the row is there',
      async () => (await readCents(database.pool, 'ana')) === 10_100,
    );
    await waitUntil(
      'no connection is left',
      async () => (await network.countOpen()) === 0,
    );
  },
);

test('COMMIT takes longer than the `query_timeout` of the pool: its outcome is unknown', async () => {
  await using database = await startAccounts();
  await database.pool.query(SLOW_COMMIT);
  await using hasty = openPool(database.url, {
    max: 1,
    query_timeout: 500,
  });
  const pid = await readPid(hasty.pool);

  const outcome = inTransaction(hasty.pool, (tx) =>
    addCents(tx, 'ana', 100),
  );

  await expect(outcome).rejects.toMatchObject({
    code: 'outcome_unknown',
    cause: { message: 'Query read timeout' },
  });
  await waitUntil(
    'the row is there',
    async () => (await readCents(database.pool, 'ana')) === 10_100,
  );
  expect(await readPid(hasty.pool)).not.toBe(pid);
});

test('The client gives up on a statement and the work swallows that: nothing is committed', async () => {
  await using database = await startAccounts();
  await using hasty = openPool(database.url, {
    max: 1,
    query_timeout: 300,
  });
  const pid = await readPid(hasty.pool);

  const outcome = inTransaction(hasty.pool, async (tx) => {
    await tx
      .query(
        `update accounts set cents = cents + 100
         where id = 'ana' and pg_sleep(0.6) is not null`,
      )
      .catch(() => {});
    // By now the server has done it.
    await pause(1000);
  });

  await expect(outcome).rejects.toThrow('Query read timeout');
  expect(await readPid(hasty.pool)).not.toBe(pid);
  expect(await readCents(database.pool, 'ana')).toBe(10_000);
});

test('A COMMIT that Postgres refuses is known to have failed, and the connection stays', async () => {
  await using database = await startAccounts();
  await using one = openPool(database.url, { max: 1 });
  await one.pool.query(DEFERRED);
  const pid = await readPid(one.pool);
  const warnings: unknown[] = [];
  one.pool.on('acquire', (client) => {
    client.once('notice', ({ message }) => warnings.push(message));
  });

  const outcome = inTransaction(one.pool, (tx) =>
    addCents(tx, 'ana', -20_000),
  );

  await expect(outcome).rejects.toMatchObject({ code: '23514' });
  // A second rollback would make Postgres log a warning.
  expect(warnings).toEqual([]);
  expect(await readPid(one.pool)).toBe(pid);
  expect(await readCents(one.pool, 'ana')).toBe(10_000);
});

test('A COMMIT that was never sent has a known outcome', async () => {
  await using database = await startAccounts();
  const reason = new Error('the client hung up');

  // The abort falls between the end of the work and COMMIT.
  for (const hops of [0, 1, 2]) {
    const controller = new AbortController();
    const { signal } = controller;
    const outcome = inTransaction(
      database.pool,
      { signal },
      async (tx) => {
        await addCents(tx, 'ana', 1);
        afterMicrotasks(hops, () => controller.abort(reason));
      },
    );
    await expect(outcome).rejects.toBe(reason);
  }

  expect(await readCents(database.pool, 'ana')).toBe(10_000);
});

test('A connection on which BEGIN failed is closed', async () => {
  await using database = await startAccounts();
  await using network = await startLossyNetwork(database.url, 'begin');
  await using hasty = openPool(network.url, {
    max: 1,
    query_timeout: 200,
  });

  const outcome = inTransaction(hasty.pool, readPid);

  await expect(outcome).rejects.toThrow('Query read timeout');
  expect(hasty.pool.totalCount).toBe(0);
});

test('A server that answers nothing holds up neither the caller nor the pool', async () => {
  await using database = await startAccounts();
  await using network = await startLossyNetwork(database.url, 'begin');
  await using far = openPool(network.url, { max: 1 });
  const options = { timeLimitMs: 200 };

  let runs = 0;

  for (const _ of [1, 2]) {
    const outcome = inTransaction(far.pool, options, async () => {
      runs += 1;
    });
    await expect(outcome).rejects.toMatchObject({ code: 'timed_out' });
  }

  expect(runs).toBe(0);
  expect(far.pool.totalCount).toBe(0);
  await waitUntil(
    'no connection is left',
    async () => (await network.countOpen()) === 0,
  );
});

failure(
  'A transaction is opened inside another on the same pool',
  {
    symptom:
      'TransactionError `nested` at once, instead of a pool in which all wait for ever',
    defence: 'refuse-nested',
    remains:
      '`pool.query` inside the work takes a second connection too, and is not part of the transaction. A batcher that many share gets `nested` when its batch is begun inside one',
  },
  async () => {
    await using database = await startAccounts();
    await using other = await startAccounts();
    const { pool } = database;
    const inner = () => inTransaction(pool, readPid);

    const outcome = inTransaction(pool, inner);
    // Another database may be used inside; its work is still inside the outer one.
    const between = inTransaction(pool, () =>
      inTransaction(other.pool, inner),
    );

    await expect(outcome).rejects.toMatchObject({ code: 'nested' });
    await expect(between).rejects.toMatchObject({ code: 'nested' });
    // What the work has started and goes on after the commit is outside.
    const ended = Promise.withResolvers<void>();
    const { later } = await inTransaction(pool, async () => ({
      later: ended.promise.then(inner),
    }));
    ended.resolve();
    expect(await later).toBeGreaterThan(0);
  },
);

failure(
  'Queries are sent at once, or not awaited',
  {
    symptom:
      'At once: they run one after the other. Not awaited: TransactionError `not_awaited`, and nothing is committed. Too late: `ended`',
    defence: 'one-at-a-time',
    remains:
      '`Promise.all` makes a transaction no faster, and when a query in it fails while others wait, the connection is closed',
  },
  async () => {
    await using database = await startAccounts();
    const { pool } = database;
    const warnings: string[] = [];
    const onWarning = (warning: Error) =>
      warnings.push(warning.message);
    process.on('warning', onWarning);

    await inTransaction(pool, (tx) =>
      Promise.all(
        [1, 2, 3, 4].map((cents) => addCents(tx, 'ana', cents)),
      ),
    );
    const forgotten = inTransaction(pool, async (tx) => {
      await addCents(tx, 'bob', 1);
      addCents(tx, 'bob', 2).catch(() => {});
    });
    await expect(forgotten).rejects.toMatchObject({
      code: 'not_awaited',
    });
    const failed = inTransaction(pool, async (tx) => {
      await tx.query('select 1 / 0').catch(() => {});
      addCents(tx, 'bob', 2).catch(() => {});
    });
    await expect(failed).rejects.toMatchObject({
      code: 'not_awaited',
      cause: { code: '22012' },
    });
    const kept = await inTransaction(pool, async (tx) => tx);
    await expect(readPid(kept)).rejects.toMatchObject({
      code: 'ended',
    });

    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
    expect(await readCents(pool, 'ana')).toBe(10_010);
    expect(await readCents(pool, 'bob')).toBe(10_000);
  },
);

test('Work that fails while a query runs gives no connection back that is still busy', async () => {
  await using database = await startAccounts();
  await using one = openPool(database.url, { max: 1 });
  const refusal = new Error('changed my mind');
  const pid = await readPid(one.pool);

  const began = performance.now();

  const outcome = inTransaction(one.pool, async (tx) => {
    tx.query('select pg_sleep(60)');
    throw refusal;
  });

  await expect(outcome).rejects.toBe(refusal);
  expect(performance.now() - began).toBeLessThan(10_000);
  expect(await readPid(one.pool)).not.toBe(pid);
});

test('The work ends its transaction with SQL of its own: the queries that follow are refused', async () => {
  await using database = await startAccounts();
  await using one = openPool(database.url, { max: 1 });
  const { pool } = one;
  const pid = await readPid(pool);

  for (const end of ['commit', 'rollback']) {
    const outcome = inTransaction(pool, async (tx) => {
      await addCents(tx, 'bob', 1);
      await tx.query(end).catch(() => {});
      await addCents(tx, 'ana', 1).catch(() => {});
    });
    await expect(outcome).rejects.toMatchObject({
      code: 'ended_by_work',
    });
  }

  expect(await readCents(pool, 'ana')).toBe(10_000);
  // The first of the two has committed it.
  expect(await readCents(pool, 'bob')).toBe(10_001);
  expect(await readPid(pool)).toBe(pid);
});

test('Work whose own COMMIT fails is refused, and so is what it sends then', async () => {
  await using database = await startAccounts();
  await using network = await startLossyNetwork(
    database.url,
    'nothing is lost',
    { split: true },
  );
  await using far = openPool(network.url);
  await database.pool.query(DEFERRED);
  const collide = createColliding(1);
  let runs = 0;

  const works = [
    async (tx: Queryable) => {
      await addCents(tx, 'ana', -20_000);
      await tx.query('commit').catch(() => {});
    },
    async (tx: Queryable) => {
      await addCents(tx, 'ana', -20_000);
      await tx.query('commit').catch(() => {});
      await addCents(tx, 'bob', 1);
    },
    // The collision is gone: to run it again could do it twice.
    async (tx: Queryable) => {
      runs += 1;
      await collide.work(tx).catch(() => {});
      await tx.query('rollback').catch(() => {});
    },
  ];

  for (const work of works)
    await expect(
      inTransaction(far.pool, { attempts: 3 }, work),
    ).rejects.toMatchObject({ code: 'ended_by_work' });
  expect(runs).toBe(1);
  expect(await sumCents(database.pool)).toBe(30_000);
});

failure(
  'Transfers between the same accounts run at once, in both directions',
  {
    symptom:
      'All are done, no update is lost, and Postgres detects no deadlock',
    defence: 'lock-in-order',
    remains:
      'They wait in line for the rows: `lockTimeoutMs` ends the wait with 55P03',
  },
  async () => {
    await using database = await startAccounts();
    const { pool } = database;
    const { transfer } = createAccounts({ pool, log: silent });

    const done = await Promise.all(
      Array.from({ length: 60 }, (_, turn) => {
        const pair = ['ana', 'bob'] as const;
        const [sender, receiver] = turn % 3 ? pair : pair.toReversed();
        return transfer({
          id: `${turn}`,
          sender: `${sender}`,
          receiver: `${receiver}`,
          cents: 1,
          note: '',
        });
      }),
    );

    expect(new Set(done)).toEqual(new Set(['done']));
    expect(await readCents(pool, 'ana')).toBe(9980);
    expect(await readCents(pool, 'bob')).toBe(10_020);
  },
);

test('Rows are locked in the order of their ids, and before they are read', async () => {
  await using database = await startAccounts();
  const { pool } = database;
  // No index and the order of insertion: only `order by` helps.
  await using plain = openPool(database.url, {
    options: '-c enable_indexscan=off -c enable_bitmapscan=off',
  });
  await pool.query(
    `insert into accounts (id, owner, cents)
     values ('z', 'Zoe', 100), ('a', 'Al', 100)`,
  );
  const { transfer } = createAccounts({
    pool: plain.pool,
    log: silent,
  });
  const rival = await pool.connect();
  await rival.query('begin');
  await addCents(rival, 'a', 0);
  const order = { sender: 'z', receiver: 'a', cents: 60, note: '' };

  const both = Promise.allSettled([
    transfer({ ...order, id: '1' }),
    transfer({ ...order, id: '2' }),
  ]);
  await waitUntil(
    'both wait for the row',
    async () => (await countWaiting(pool)) === 2,
  );
  // They wait for the first, and have not locked the second.
  const free = await pool.query(
    `select from accounts where id = 'z' for update skip locked`,
  );
  await rival.query('commit');
  rival.release();

  expect(free.rowCount).toBe(1);
  const states = (await both).map(({ status }) => status);
  expect(states.toSorted()).toEqual(['fulfilled', 'rejected']);
  expect(await readCents(pool, 'z')).toBe(40);
});

/** Two write back what they read at the same time; how many of them succeed. */
async function addTwice(options: TransactionOptions, lock = '') {
  await using database = await startAccounts();
  const { pool } = database;
  const meet = createMeeting(lock ? 1 : 2);
  const add = () =>
    inTransaction(pool, options, async (tx) => {
      const { rows } = await tx.query<{ cents: string }>(
        `select cents from accounts where id = 'ana' ${lock}`,
      );
      await meet();
      await tx.query(
        `update accounts set cents = $1 where id = 'ana'`,
        [Number(rows[0]?.cents) + 100],
      );
    });
  await Promise.all([add(), add()]);
  return await readCents(pool, 'ana');
}

test('A lost update passes at read committed; a row lock prevents it, and so does repeatable read', async () => {
  expect(await addTwice({})).toBe(10_100);
  expect(await addTwice({}, 'for no key update')).toBe(10_200);
  expect(await addTwice({ isolation: 'repeatable read' })).toBe(10_200);
});

failure(
  'Two transactions each read what the other one writes: write skew',
  {
    symptom:
      'At serializable one of them fails with 40001, runs again and finds too little money; at repeatable read both commit',
    defence: 'withdraw',
    remains:
      'The rule holds only when all that touch these rows are serializable',
  },
  async () => {
    const withdrawBoth = async (
      isolation: 'repeatable read' | 'serializable',
    ) => {
      await using database = await startAccounts();
      const meet = createMeeting(2);
      const withdraw = (id: string) =>
        inTransaction(database.pool, { isolation }, async (tx) => {
          const { rows } = await tx.query<{ total: string }>(
            `select sum(cents) as total from accounts where owner = 'Cy'`,
          );
          await meet();
          if (Number(rows[0]?.total) < 9000) return;
          await addCents(tx, id, -9000);
        });
      await Promise.all([withdraw('cy-1'), withdraw('cy-2')]);
      return await sumCents(database.pool);
    };

    expect(await withdrawBoth('repeatable read')).toBe(30_000 - 18_000);
    expect(await withdrawBoth('serializable')).toBe(30_000 - 9000);
  },
);

failure(
  'A retried transaction has effects outside the database',
  {
    symptom:
      'The log has `transaction is retried`; the mail is sent once, after the commit',
    defence: 'after-commit',
    remains:
      'A crash between commit and mail loses the mail: enqueue a job in the transaction',
  },
  async () => {
    await using database = await startAccounts();
    const { pool } = database;
    const retries: object[] = [];
    const log = {
      ...silent,
      warn: (_: string, details: object) => retries.push(details),
    };
    const mails: string[] = [];
    const sendMail = async ({ account }: { account: string }) => {
      mails.push(account);
    };
    const accounts = createAccounts({ pool, log });
    await using server = await listen(
      createApp({ accounts, sendMail, log }),
    );
    const rival = await pool.connect();
    await rival.query('begin');
    await addCents(rival, 'cy-1', 1);

    const answer = fetch(`${server.url}/withdrawals`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ account: 'cy-1', cents: 100 }),
    });
    await waitUntil(
      'the withdrawal waits',
      async () => (await countWaiting(pool)) === 1,
    );
    await rival.query('commit');
    rival.release();

    expect((await answer).status).toBe(201);
    expect(retries).toMatchObject([
      { attempt: 1, error: { code: '40001' } },
    ]);
    expect(mails).toEqual(['cy-1']);
    expect(await readCents(pool, 'cy-1')).toBe(4901);
  },
);

/** Fails with this code as long as it is asked to. */
function createColliding(times: number, code = '40001') {
  let left = times;
  const runs = { count: 0 };
  async function work(tx: Queryable) {
    runs.count += 1;
    if (left-- > 0)
      await tx.query(
        `do $$ begin raise exception using errcode = '${code}'; end $$`,
      );
    return 'done';
  }
  return { work, runs };
}

test('A collision is tried again as often as `attempts` says, and at read committed not at all', async () => {
  await using database = await startAccounts();
  const { pool } = database;
  const run = async (
    options: TransactionOptions,
    times: number,
    code?: string,
  ) => {
    const { work, runs } = createColliding(times, code);
    const outcome = await inTransaction(pool, options, work).catch(
      (error) => error.code,
    );
    return [outcome, runs.count];
  };

  expect(await run({}, 1)).toEqual(['40001', 1]);
  expect(await run({ attempts: 2 }, 1)).toEqual(['done', 2]);
  expect(await run({ attempts: 2 }, 2)).toEqual(['40001', 2]);
  expect(await run({ attempts: 2 }, 1, '40P01')).toEqual(['done', 2]);
  expect(await run({ attempts: 2 }, 1, '23505')).toEqual(['23505', 1]);
  expect(await run({ isolation: 'repeatable read' }, 4)).toEqual([
    'done',
    5,
  ]);
  expect(await run({ isolation: 'serializable' }, 5)).toEqual([
    '40001',
    5,
  ]);
});

test('A collision is tried again though the work swallows or wraps it', async () => {
  await using database = await startAccounts();
  const { pool } = database;
  const swallowed = createColliding(1);
  const wrapped = createColliding(1);

  const first = inTransaction(pool, { attempts: 2 }, (tx) =>
    swallowed.work(tx).catch(() => 'swallowed'),
  );
  const second = inTransaction(pool, { attempts: 2 }, (tx) =>
    wrapped.work(tx).catch((cause) => {
      throw new Error('cannot work', { cause });
    }),
  );

  expect(await first).toBe('done');
  expect(await second).toBe('done');
});

test('A collision that shows only at COMMIT is tried again', async () => {
  await using database = await startAccounts();
  const { pool } = database;
  const meet = createMeeting(2);
  const retries: object[] = [];
  const log = {
    warn: (_: string, details: object) => retries.push(details),
  };
  const read = (id: string) =>
    inTransaction(
      pool,
      { isolation: 'serializable', log },
      async (tx) => {
        await readCents(tx, id);
        await addCents(tx, id === 'ana' ? 'bob' : 'ana', 1);
        await meet();
      },
    );

  await Promise.all([read('ana'), read('bob')]);

  expect(retries).toMatchObject([{ error: { code: '40001' } }]);
  expect(await sumCents(pool)).toBe(30_002);
});

test('Pauses before a retry are random, and double', async () => {
  await using database = await startAccounts();
  const pauses: Record<number, number[]> = { 1: [], 2: [], 3: [] };
  const log = {
    warn(_: string, details: { attempt?: number; pauseMs?: number }) {
      pauses[details.attempt ?? 0]?.push(details.pauseMs ?? 0);
    },
  };

  await Promise.all(
    Array.from({ length: 80 }, () =>
      inTransaction(
        database.pool,
        { attempts: 4, log },
        createColliding(3).work,
      ),
    ),
  );

  for (const [attempt, most] of [
    [1, 20],
    [2, 40],
    [3, 80],
  ] as const) {
    const drawn = pauses[attempt] ?? [];
    expect(drawn).toHaveLength(80);
    expect(Math.max(...drawn)).toBeLessThan(most);
    expect(Math.max(...drawn)).toBeGreaterThan(most * 0.8);
    expect(Math.min(...drawn)).toBeLessThan(most / 2);
  }
});

failure(
  'A session lock of Postgres is used through a pool',
  {
    symptom:
      'With `takeLock`, the lock ends with the transaction, and two purposes never share one',
    defence: 'advisory-lock',
    remains:
      'A holder that keeps the lock longer than `lockTimeoutMs` makes the others fail with 55P03',
  },
  async () => {
    await using database = await startAccounts();
    const { pool } = database;
    const name = { purpose: 'report', key: '42' };
    await using stranger = openPool(database.url);
    /** Whether another transaction gets the lock, or its time-out. */
    const ask = (other: typeof name) =>
      inTransaction(stranger.pool, { lockTimeoutMs: 100 }, (its) =>
        takeLock(its, other),
      ).then(
        () => 'taken',
        (error) => error.code,
      );

    // What leaks: the connection goes back to the pool, the lock stays.
    await pool.query('select pg_advisory_lock(1)');
    const held = await pool.query(
      `select
       from pg_locks
       where locktype = 'advisory'
         and database = (
           select oid
           from pg_database
           where datname = current_database()
         )`,
    );
    expect(held.rowCount).toBe(1);

    await inTransaction(pool, async (tx) => {
      await takeLock(tx, name);
      expect(await ask(name)).toBe('55P03');
      expect(await ask({ ...name, key: '43' })).toBe('taken');
      expect(await ask({ ...name, purpose: 'export' })).toBe('taken');
      // One text, cut elsewhere.
      expect(await ask({ purpose: 'report4', key: '2' })).toBe('taken');
    });
    expect(await ask(name)).toBe('taken');
  },
);

test('A pause is at most 320 ms, and ends with the signal', async () => {
  await using database = await startAccounts();
  const pauses: number[] = [];
  const controller = new AbortController();
  const { signal } = controller;
  const reason = new Error('the client hung up');
  let aborted = 0;
  const log = {
    warn(_: string, details: { pauseMs?: number }) {
      const { pauseMs = 0 } = details;
      pauses.push(pauseMs);
      if (pauses.length < 12 || pauseMs < 200) return;
      aborted = performance.now();
      controller.abort(reason);
    },
  };

  const outcome = inTransaction(
    database.pool,
    { attempts: 100, log, signal },
    createColliding(100).work,
  );

  await expect(outcome).rejects.toBe(reason);
  const lastedMs = performance.now() - aborted;
  expect(lastedMs).toBeLessThan(Number(pauses.at(-1)) / 2);
  expect(Math.max(...pauses)).toBeLessThan(320);
});

test('The work begins again after the pause, and not before', async () => {
  await using database = await startAccounts();
  const { work } = createColliding(5);
  const begins: number[] = [];
  const ends: number[] = [];
  const log = {
    warn(_: string, details: { pauseMs?: number }) {
      ends.push(performance.now() + (details.pauseMs ?? 0));
    },
  };

  await inTransaction(
    database.pool,
    { attempts: 6, log },
    async (tx) => {
      begins.push(performance.now());
      await work(tx);
    },
  );

  expect(ends).toHaveLength(5);
  // A timer of Node may end up to a millisecond early.
  for (const [index, end] of ends.entries())
    expect(begins[index + 1]).toBeGreaterThan(end - 2);
});

test('A collision that a savepoint has undone does not run the work again', async () => {
  await using database = await startAccounts();
  const refusal = new Error('not enough money');
  let runs = 0;

  const outcome = inTransaction(
    database.pool,
    { attempts: 3 },
    async (tx) => {
      runs += 1;
      await tx.query('savepoint before');
      await createColliding(1)
        .work(tx)
        .catch(() => {});
      await tx.query('rollback to before');
      throw refusal;
    },
  );

  await expect(outcome).rejects.toBe(refusal);
  expect(runs).toBe(1);
});

test('Limits, level and access are those of the options, and end with the transaction', async () => {
  await using database = await startAccounts();
  await using one = openPool(database.url, { max: 1 });
  async function show(tx: Queryable) {
    const names = [
      'transaction_isolation',
      'transaction_read_only',
      'lock_timeout',
      'statement_timeout',
      'idle_in_transaction_session_timeout',
    ];
    const settings = [];
    for (const name of names) {
      const { rows } = await tx.query<Record<string, string>>(
        `show ${name}`,
      );
      settings.push(rows[0]?.[name]);
    }
    return settings.join();
  }
  const before = await show(one.pool);
  const options = {
    isolation: 'serializable',
    readOnly: true,
    timeLimitMs: 7000,
    lockTimeoutMs: 300,
  } as const;

  expect(await inTransaction(one.pool, show)).toBe(
    'read committed,off,5s,20s,20s',
  );
  expect(await inTransaction(one.pool, options, show)).toBe(
    'serializable,on,300ms,12s,12s',
  );
  expect(
    await inTransaction(
      one.pool,
      { isolation: 'repeatable read' },
      show,
    ),
  ).toMatch('repeatable read,off');
  expect(await show(one.pool)).toBe(before);
});

test('An aborted transaction waits for no lock in the database, whatever the pool', async () => {
  await using database = await startAccounts();
  const { pool } = database;
  const rival = await pool.connect();
  await rival.query('begin');
  await addCents(rival, 'bob', 1);

  const outcome = inTransaction(
    pool,
    { timeLimitMs: 500, lockTimeoutMs: 60_000 },
    async (tx) => {
      await addCents(tx, 'ana', 1);
      await addCents(tx, 'bob', 1);
    },
  );
  await expect(outcome).rejects.toMatchObject({ code: 'timed_out' });

  // The rival holds its row all the time, and Ana's is free.
  await inTransaction(pool, { lockTimeoutMs: 4000 }, (tx) =>
    addCents(tx, 'ana', 1),
  );
  await rival.query('rollback');
  rival.release();
});

test('A lock that is held too long is not waited for', async () => {
  await using database = await startAccounts();
  const { pool } = database;

  await inTransaction(pool, async (tx) => {
    await addCents(tx, 'ana', 1);
    const stranger = openPool(database.url);
    const waiting = inTransaction(
      stranger.pool,
      { lockTimeoutMs: 100 },
      (its) => addCents(its, 'ana', 2),
    );
    await expect(waiting).rejects.toMatchObject({ code: '55P03' });
    await stranger[Symbol.asyncDispose]();
  });

  expect(await readCents(pool, 'ana')).toBe(10_001);
});

test('Options that would switch a limit off are refused, and no connection is taken', async () => {
  await using database = await startAccounts();
  await using one = openPool(database.url);
  const refuse = async (options: object, message: RegExp) => {
    const outcome = inTransaction(one.pool, options, readPid);
    await expect(outcome).rejects.toThrow(message);
  };

  for (const name of ['timeLimitMs', 'lockTimeoutMs', 'attempts'])
    for (const wrong of [0, -1, 1.5, Number.NaN, 86_400_001, '5'])
      await refuse(
        { [name]: wrong },
        new RegExp(`^${name} must be an integer`),
      );
  await refuse({ attempts: 101 }, /from 1 to 100$/);
  await refuse(
    { isolation: 'serializable; drop table accounts' },
    /is not an isolation level/,
  );

  expect(one.pool.totalCount).toBe(0);
  const longest = {
    timeLimitMs: 86_400_000,
    lockTimeoutMs: 1,
    attempts: 100,
  };
  expect(
    await inTransaction(one.pool, longest, readPid),
  ).toBeGreaterThan(0);
});

test('A caller that aborts gets its reason, and the database forgets the rest', async () => {
  await using database = await startAccounts();
  const { pool } = database;
  const controller = new AbortController();
  const { signal } = controller;
  const reason = new Error('the client hung up');
  let told: unknown;

  const outcome = inTransaction(
    pool,
    { signal },
    async (tx, itsSignal) => {
      await addCents(tx, 'ana', 1);
      itsSignal.addEventListener('abort', () => {
        told = itsSignal.reason;
      });
      controller.abort(reason);
      await never();
    },
  );

  await expect(outcome).rejects.toBe(reason);
  expect(told).toBe(reason);
  await expect(inTransaction(pool, { signal }, readPid)).rejects.toBe(
    reason,
  );
  await using other = openPool(database.url);
  await expect(
    inTransaction(other.pool, { signal }, readPid),
  ).rejects.toBe(reason);
  expect(other.pool.totalCount).toBe(0);
  await waitUntil(
    'it is gone',
    async () => (await countOpen(pool)) === 0,
  );
  expect(await readCents(pool, 'ana')).toBe(10_000);
});

test('A caller that aborts while the pool hands the connection over is heard', async () => {
  await using database = await startAccounts();
  await using one = openPool(database.url, { max: 1 });
  const { pool } = one;
  const pid = await readPid(pool);
  const reason = new Error('the client hung up');

  for (const hops of [0, 1, 2, 3, 4, 5]) {
    const controller = new AbortController();
    const { signal } = controller;
    pool.once('acquire', () =>
      afterMicrotasks(hops, () => controller.abort(reason)),
    );
    const outcome = inTransaction(pool, { signal }, never);
    const hung = pause(2000).then(() => {
      throw new Error(`it hangs after ${hops} microtasks`);
    });
    await expect(Promise.race([outcome, hung])).rejects.toBe(reason);
    // Nothing was sent on it when it came too late.
    if (hops < 4) expect(await readPid(pool)).toBe(pid);
  }
});

test('The signal of the work is aborted when its transaction ends', async () => {
  await using database = await startAccounts();
  const signals: AbortSignal[] = [];
  const refusal = new Error('changed my mind');

  await inTransaction(database.pool, async (_tx, signal) => {
    signals.push(signal);
    expect(signal.aborted).toBe(false);
  });
  const outcome = inTransaction(database.pool, async (_tx, signal) => {
    signals.push(signal);
    throw refusal;
  });
  await expect(outcome).rejects.toBe(refusal);

  for (const { aborted, reason } of signals)
    expect([aborted, reason.code]).toEqual([true, 'ended']);
  expect(signals).toHaveLength(2);
});

test('The time limit holds for the wait for a connection, which then goes back to the pool', async () => {
  await using database = await startAccounts();
  await using one = openPool(database.url, { max: 1 });
  const busy = await one.pool.connect();
  const pid = await readPid(busy);
  let runs = 0;

  const outcome = inTransaction(
    one.pool,
    { timeLimitMs: 100 },
    async () => {
      runs += 1;
    },
  );

  await expect(outcome).rejects.toMatchObject({ code: 'timed_out' });
  busy.release();
  expect(await inTransaction(one.pool, readPid)).toBe(pid);
  expect(runs).toBe(0);
});

test('The time limit holds for all attempts together', async () => {
  await using database = await startAccounts();
  const options = { timeLimitMs: 400, attempts: 100 };

  const outcome = inTransaction(
    database.pool,
    options,
    createColliding(100).work,
  );

  await expect(outcome).rejects.toMatchObject({ code: 'timed_out' });
});

test('A pool that cannot connect says so at once', async () => {
  await using gone = openPool('postgres://127.0.0.1:1/nothing');

  await expect(inTransaction(gone.pool, readPid)).rejects.toThrow();
});

test('A transaction that starts the next one is forgotten, and so is its last result', async () => {
  await using database = await startAccounts();
  const pools = [database.pool, openPool(database.url).pool];
  const kept: WeakRef<object>[] = [];
  const last = Promise.withResolvers<void>();

  // Each begins inside the one before, on the other pool, which the
  // one before that has left.
  async function step(left: number, other?: Promise<void>) {
    const pool = pools[left % 2];
    if (!pool) return;
    const begun = Promise.withResolvers<void>();
    const ended = inTransaction(pool, async (tx) => {
      kept.push(new WeakRef(tx));
      if (left === 0) return last.promise;
      setTimeout(async () => {
        await other;
        step(left - 1, ended).catch(last.reject);
        begun.resolve();
      });
      await begun.promise;
      await readPid(tx);
    });
    await ended;
  }
  await step(8);
  await waitUntil('the last one runs', () => kept.length === 9);
  await waitUntil('all but the last are collected', () => {
    collectGarbage();
    return kept.slice(0, 7).every((ref) => ref.deref() === undefined);
  });
  last.resolve();
  await pools[1]?.end();

  let result: WeakRef<object> | undefined;
  const tx = await inTransaction(database.pool, async (its) => {
    result = new WeakRef(await its.query('select 1'));
    return its;
  });
  await waitUntil('its result is collected', () => {
    collectGarbage();
    return result?.deref() === undefined;
  });
  expect(tx).toBeDefined();
});

test('A connection that cannot say goodbye is closed all the same', async () => {
  await using database = await startAccounts();
  await using network = await startLossyNetwork(
    database.url,
    'nothing is lost',
    { deaf: true },
  );
  await using far = openPool(network.url, { max: 1 });
  await far.pool.query('select'); // connecting may outlast the limit
  let removed = 0;
  far.pool.on('remove', () => {
    removed += 1;
  });

  const outcome = inTransaction(
    far.pool,
    { timeLimitMs: 300 },
    async () => never(),
  );

  await expect(outcome).rejects.toMatchObject({ code: 'timed_out' });
  await waitUntil('it is removed', () => removed === 1);
});

test('A pg that cannot tell the state of its transaction is refused', async () => {
  await using database = await startAccounts();
  await using old = openPool(database.url, { max: 1 });
  old.pool.on('connect', (client) => {
    Object.assign(client, { getTransactionStatus: undefined });
  });

  for (const _ of [1, 2])
    await expect(inTransaction(old.pool, readPid)).rejects.toThrow(
      'needs pg 8.21',
    );
});

test('A transfer with the id of another one is refused; the same one is done once', async () => {
  await using database = await startAccounts();
  const { transfer } = createAccounts({
    pool: database.pool,
    log: silent,
  });
  const order = {
    id: '1',
    sender: 'ana',
    receiver: 'bob',
    cents: 5,
    note: '',
  };

  expect(await transfer(order)).toBe('done');
  expect(await transfer(order)).toBe('done before');
  for (const other of [
    { ...order, cents: 6 },
    { ...order, receiver: 'cy-1' },
    { ...order, sender: 'cy-1' },
    { ...order, note: 'rent' },
  ])
    await expect(transfer(other)).rejects.toMatchObject({
      code: 'other_transfer',
    });
  expect(await readCents(database.pool, 'ana')).toBe(9995);
});
