import { setImmediate } from 'node:timers/promises';
import { openPool } from '@touchstone/kit/postgres/database';
import { waitUntil } from '@touchstone/kit/time/wait';
import type { Pool } from 'pg';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { backOff } from './job-outcomes.ts';
import { createJobQueue } from './job-queue.ts';
import { stopHeartbeats } from './test-heartbeats.ts';
import { createGate, has, startTestJobs } from './test-jobs.ts';

const noop = async () => {};

describe('a job', () => {
  it('is done with its payload, and is gone', async () => {
    await using jobs = await startTestJobs();
    const done: unknown[] = [];
    await jobs.queue.enqueue(jobs.pool, [
      { kind: 'greet', payload: { name: 'Ada' } },
    ]);

    jobs.startWorker({
      handlers: {
        greet: async ({ payload }) => void done.push(payload),
      },
    });

    await waitUntil(
      'the job is gone',
      async () => !(await jobs.count('jobs')),
    );
    expect(done).toEqual([{ name: 'Ada' }]);
  });

  it('wakes a worker that would not poll for an hour', async () => {
    await using jobs = await startTestJobs();
    const ran = createGate();
    jobs.startWorker({
      handlers: { greet: async () => ran.open() },
      pollSeconds: 3600,
    });
    await waitUntil('the worker listens', async () => {
      const listening = `pg_stat_activity where query = 'listen jobs'
        and state = 'idle' and datname = current_database()`;
      return (await jobs.count(listening)) === 1;
    });

    await jobs.queue.enqueue(jobs.pool, [
      { kind: 'greet', payload: {} },
    ]);

    await ran.opened;
  });

  it('comes before jobs of lower priority, and after older ones of its own', async () => {
    await using jobs = await startTestJobs();
    const order: string[] = [];
    const add = (name: string, priority: number) =>
      jobs.queue.enqueue(jobs.pool, [
        { kind: 'note', payload: name, priority },
      ]);
    await add('late', 9);
    await add('first', 0);
    await add('middle', 5);
    await add('second', 0);

    jobs.startWorker({
      concurrency: 1,
      handlers: {
        note: async ({ payload }) => void order.push(`${payload}`),
      },
    });

    await waitUntil('all are done', () => order.length === 4);
    expect(order).toEqual(['first', 'second', 'middle', 'late']);
  });

  it('waits for the end of its delay', async () => {
    await using jobs = await startTestJobs();
    await jobs.queue.enqueue(jobs.pool, [
      { kind: 'remind', payload: {}, delaySeconds: 3600 },
    ]);

    expect(await jobs.queue.claim(['remind'], 10, 30)).toEqual([]);
    await jobs.passTime(3599);
    expect(await jobs.queue.claim(['remind'], 10, 30)).toEqual([]);
    await jobs.passTime(2);

    expect(await jobs.queue.claim(['remind'], 10, 30)).toHaveLength(1);
  });

  it('is left to workers that know its kind', async () => {
    await using jobs = await startTestJobs();
    await jobs.queue.enqueue(jobs.pool, [
      { kind: 'of-the-next-release', payload: {} },
    ]);

    expect(await jobs.queue.claim(['of-this-release'], 10, 30)).toEqual(
      [],
    );
  });

  it('is tried again after a pause that grows', async () => {
    await using jobs = await startTestJobs();
    const attempts: number[] = [];
    await jobs.queue.enqueue(jobs.pool, [
      { kind: 'flaky', payload: {} },
    ]);
    jobs.startWorker({
      handlers: {
        flaky: async ({ attempt }) => {
          attempts.push(attempt);
          if (attempt < 3) throw new Error('not yet');
        },
      },
      backoff: (attempt) => attempt * 1000,
      pollSeconds: 0.05,
    });

    for (const attempt of [1, 2]) {
      const waiting = `jobs where last_error = 'Error: not yet'
        and due_at > now() + make_interval(secs => ${attempt * 1000 - 50})`;
      await waitUntil(
        'it waits for its retry',
        async () => (await jobs.count(waiting)) === 1,
      );
      await jobs.passTime(attempt * 1000);
    }

    await waitUntil(
      'it is done',
      async () => !(await jobs.count('jobs')),
    );
    expect(attempts).toEqual([1, 2, 3]);
  });

  it('is tried again at times that differ, an hour apart at most', () => {
    const bounds = [1, 2, 3, 20].map((attempt) => [
      backOff(attempt, () => 0),
      backOff(attempt, () => 1),
    ]);

    expect(bounds).toEqual([
      [0.5, 1],
      [1, 2],
      [2, 4],
      [1800, 3600],
    ]);
  });

  it('that hangs is cut off at its limit', async () => {
    await using jobs = await startTestJobs();
    await jobs.queue.enqueue(jobs.pool, [
      { kind: 'hang', payload: {}, maxAttempts: 1 },
    ]);
    const begun = createGate();
    stopHeartbeats();
    jobs.startWorker({
      leaseSeconds: 3600,
      limitSeconds: 60,
      handlers: {
        hang: () => {
          begun.open();
          return new Promise(() => {});
        },
      },
    });
    await begun.opened;

    vi.advanceTimersByTime(1_200_000); // one heartbeat

    await waitUntil(
      'it is dead',
      async () => (await jobs.count('dead_jobs')) === 1,
    );
    expect(await jobs.deadJobs.list()).toMatchObject([
      { attempts: 1, lastError: 'Error: It took too long' },
    ]);
  });
});

describe('a key', () => {
  const refresh = (version: number) => ({
    kind: 'refresh',
    payload: { version },
    uniqueKey: 'refresh 7',
  });

  it('belongs to one job that waits, with the newest payload', async () => {
    await using jobs = await startTestJobs();

    const first = await jobs.queue.enqueue(jobs.pool, [refresh(1)]);
    const second = await jobs.queue.enqueue(jobs.pool, [refresh(2)]);

    expect(second).toEqual(first);
    expect(await jobs.queue.claim(['refresh'], 10, 30)).toMatchObject([
      { payload: { version: 2 } },
    ]);
  });

  it('is free again when its job begins, so that no change is lost', async () => {
    await using jobs = await startTestJobs();
    await jobs.queue.enqueue(jobs.pool, [refresh(1)]);
    await jobs.queue.claim(['refresh'], 10, 30);

    await jobs.queue.enqueue(jobs.pool, [refresh(2)]);

    expect(await jobs.queue.claim(['refresh'], 10, 30)).toMatchObject([
      { payload: { version: 2 } },
    ]);
  });

  it('holds its job back until the change that it is about is committed', async () => {
    await using jobs = await startTestJobs();
    await jobs.queue.enqueue(jobs.pool, [refresh(1)]);
    const client = await jobs.pool.connect();
    await client.query('begin');
    await jobs.queue.enqueue(client, [refresh(2)]);

    expect(await jobs.queue.claim(['refresh'], 10, 30)).toEqual([]);
    await client.query('commit');
    client.release();

    expect(await jobs.queue.claim(['refresh'], 10, 30)).toMatchObject([
      { payload: { version: 2 } },
    ]);
  });
});

describe('a dead job', () => {
  it('lives again with all its attempts', async () => {
    await using jobs = await startTestJobs();
    await jobs.queue.enqueue(jobs.pool, [
      { kind: 'fail', payload: {}, maxAttempts: 1 },
    ]);
    const [job] = await jobs.queue.claim(['fail'], 1, 30);
    await jobs.queue.settle([
      { id: `${job?.id}`, attempt: 1, error: 'no' },
    ]);
    const [dead] = await jobs.deadJobs.list();

    expect(await jobs.deadJobs.revive(`${dead?.id}`)).toBe(true);

    expect(await jobs.deadJobs.list()).toEqual([]);
    expect(await jobs.queue.claim(['fail'], 1, 30)).toMatchObject([
      { attempt: 1, maxAttempts: 1 },
    ]);
    expect(await jobs.deadJobs.revive(`${dead?.id}`)).toBe(false);
  });
});

it('does no job twice in a transaction that completes it', async () => {
  await using jobs = await startTestJobs();
  await jobs.queue.enqueue(jobs.pool, [{ kind: 'bill', payload: {} }]);
  const [job] = await jobs.queue.claim(['bill'], 1, 30);
  if (!job) throw new Error('nothing was claimed');

  await jobs.queue.complete(jobs.pool, job);

  await expect(jobs.queue.complete(jobs.pool, job)).rejects.toThrow(
    'The lease ended before the job did',
  );
});

it('finds due jobs by the index, even in a table without statistics', async () => {
  await using jobs = await startTestJobs();
  const job = { kind: 'noop', payload: {} };
  await jobs.queue.enqueue(jobs.pool, Array(20_000).fill(job));
  const { pool } = openPool(jobs.url);

  await createJobQueue({ pool }).claim(['noop'], 100, 30);

  await pool.end(); // a connection that ends tells what it has read
  await waitUntil('the index was used', () =>
    has(
      jobs.pool,
      `pg_stat_user_indexes
       where indexrelname = 'jobs_in_turn' and idx_scan > 0`,
    ),
  );
});

describe('a database that refuses outcomes', () => {
  it('is told them again until it takes them, and the worker takes on no more', async () => {
    await using jobs = await startTestJobs();
    const refusal = await refuseOutcomes(jobs.pool);
    const job = { kind: 'noop', payload: {} };
    await jobs.queue.enqueue(jobs.pool, Array(20).fill(job));
    let runs = 0;

    jobs.startWorker({
      handlers: { noop: async () => void runs++ },
      concurrency: 1,
      pollSeconds: 0.05,
    });

    await waitUntil('it has all that it may keep', () => runs === 10);
    const refused = jobs.logged.length;
    await waitUntil(
      'it was refused ten times more',
      () => jobs.logged.length >= refused + 10,
    );
    expect(runs).toBe(10);
    await refusal.end();
    await waitUntil(
      'all jobs are gone',
      async () => !(await jobs.count('jobs')),
    );
    expect(runs).toBe(20);
    expect(jobs.logged[0]).toMatchObject({
      message: 'jobs cannot be settled',
    });
  });

  it('does not end the process when a job had no attempt left and its lease ends', async () => {
    await using jobs = await startTestJobs();
    await refuseOutcomes(jobs.pool);
    await jobs.queue.enqueue(jobs.pool, [
      { kind: 'noop', payload: {}, maxAttempts: 1 },
    ]);
    await jobs.queue.claim(['noop'], 1, 30);
    await jobs.passTime(30);
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    onTestFinished(() => void process.off('unhandledRejection', note));
    stopHeartbeats();
    jobs.startWorker({ handlers: { noop }, leaseSeconds: 30 });
    await waitUntil('it was refused', () =>
      jobs.logged.some(({ message }) => message.includes('settled')),
    );

    vi.advanceTimersByTime(30_000); // no heartbeat gets its answer

    await setImmediate();
    expect(unhandled).toEqual([]);
  });

  it('does not hold up a worker that stops', async () => {
    await using jobs = await startTestJobs();
    await refuseOutcomes(jobs.pool);
    await jobs.queue.enqueue(jobs.pool, [
      { kind: 'noop', payload: {} },
    ]);
    const worker = jobs.startWorker({
      handlers: { noop },
      pollSeconds: 0.05,
    });
    await waitUntil('it was refused', () => jobs.logged.length > 0);

    await worker.stop();

    expect(await jobs.count('jobs')).toBe(1);
  });
});

it('says that an outcome came too late', async () => {
  await using jobs = await startTestJobs();
  await jobs.queue.enqueue(jobs.pool, [{ kind: 'slow', payload: {} }]);
  const [begun, end] = [createGate(), createGate()];
  jobs.startWorker({
    handlers: {
      slow: async () => {
        begun.open();
        await end.opened;
      },
    },
    concurrency: 1,
  });
  await begun.opened;
  await jobs.passTime(30);
  await jobs.queue.claim(['slow'], 1, 30);

  end.open();

  await waitUntil('it is told', () => jobs.logged.length > 0);
  expect(jobs.logged).toMatchObject([
    { message: 'lease lost', details: { attempt: 1 } },
  ]);
});

it('enqueues nothing when there is nothing to enqueue', async () => {
  await using jobs = await startTestJobs();

  expect(await jobs.queue.enqueue(jobs.pool, [])).toEqual([]);
});

it('stops at once when there is nothing to do', async () => {
  await using jobs = await startTestJobs();
  const worker = jobs.startWorker({ handlers: { noop } });

  await worker.stop();

  expect(jobs.logged).toEqual([]);
});

/** No job can be deleted, until the end. */
async function refuseOutcomes(pool: Pool) {
  await pool.query(
    `create function refuse() returns trigger language plpgsql
       as $$ begin raise 'not now'; end $$;
     create trigger refusal before delete on jobs
       for each row execute function refuse()`,
  );
  return {
    end: () => pool.query('drop function refuse cascade'),
  };
}
