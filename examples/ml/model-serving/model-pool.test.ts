import { trainIrisModel } from '@touchstone/kit/models/iris-model';
import { waitUntil } from '@touchstone/kit/time/wait';
import { describe, expect, it } from 'vitest';
import { createLargeModel } from './large-model.ts';
import { FAULTS } from './test-faults.ts';
import { createTestModel, never, startTestPool } from './test-pool.ts';

describe('a pool', () => {
  it('predicts what the model predicted in training, each row its own', async () => {
    await using pool = await startTestPool({ threads: 2 });
    const { testSet, accuracy } = trainIrisModel();

    const answers = await Promise.all(
      testSet.map(({ features }) =>
        pool.predict(Float32Array.from(features), never()),
      ),
    );

    const right = answers.filter(
      (answer, index) =>
        answer.indexOf(Math.max(...answer)) === testSet[index]?.label,
    );
    expect(right.length / testSet.length).toBeCloseTo(accuracy);
  });

  it('computes in one batch what arrives in one turn, shared out among free threads', async () => {
    await using pool = await startTestPool({ threads: 2 });

    await Promise.all(Array.from({ length: 40 }, () => pool.ask()));

    expect(pool.faults.batches()).toBe(2);
    expect(pool.faults.rows()).toBe(40);
  });

  it('lets a batch grow while its thread is busy, and lets none wait otherwise', async () => {
    await using pool = await startTestPool({ maxBatch: 8 });
    const first = pool.ask(FAULTS.wait);
    await pool.faults.batchesBegun(1);
    const rest = Array.from({ length: 20 }, () => pool.ask());
    expect(pool.countWork()).toEqual({
      threads: 1,
      idle: 0,
      waiting: 20,
    });

    pool.faults.open();
    await Promise.all([first, ...rest]);

    expect(pool.faults.batches()).toBe(1 + 3); // of 8, 8 and 4
    expect(pool.countWork()).toEqual({
      threads: 1,
      idle: 1,
      waiting: 0,
    });
  });
});

describe('a request', () => {
  it('that is past its deadline when it comes is not even queued', async () => {
    await using pool = await startTestPool();

    const late = pool.ask(5, AbortSignal.abort());

    await expect(late).rejects.toThrow('aborted');
    expect(pool.faults.rows()).toBe(0);
  });

  it('that is past its deadline when its thread dies is not tried again', async () => {
    await using pool = await startTestPool({ slowMilliseconds: 500 });
    const deadline = new AbortController();
    const request = pool.ask(FAULTS.wait, deadline.signal);
    await pool.faults.batchesBegun(1);
    deadline.abort();
    await expect(request).rejects.toThrow('aborted');

    expect(await pool.ask()).toHaveLength(3);

    expect(pool.faults.rows()).toBe(2);
  });
});

describe('the threads', () => {
  it('are refused together when one of them cannot load the model', async () => {
    const { card } = await createTestModel();
    const model = { card, bytes: Buffer.from('no model') };

    await expect(startTestPool({ model, threads: 2 })).rejects.toThrow(
      'No thread can load it',
    );
  });

  it('are replaced when they die without work', async () => {
    await using pool = await startTestPool();

    await pool.ask(FAULTS.exitAfterwards);

    expect(await pool.ask()).toHaveLength(3);
  });

  it('are started until one does', async () => {
    await using pool = await startTestPool();
    pool.faults.refuseStarts(2);

    expect(await pool.ask(FAULTS.crashOnce)).toHaveLength(3);

    expect(pool.log.messages).toEqual([
      'worker lost',
      'worker does not start',
      'worker does not start',
    ]);
  });

  it('are left to end by themselves while they are inside ONNX Runtime', async () => {
    const count = 2 ** 12;
    await using pool = await startTestPool({
      model: await createLargeModel(2048),
      maxBatch: count,
      maxWaiting: count,
      slowMilliseconds: 20,
    });
    const deadline = new AbortController();
    const requests = Array.from({ length: count }, () =>
      pool.ask(5, deadline.signal).catch(() => 'late'),
    );
    await pool.faults.batchesBegun(1);
    deadline.abort();
    await Promise.all(requests);

    await waitUntil(
      'it is replaced',
      () => pool.countWork().idle === 1,
    );

    expect(pool.log.messages).toEqual(['worker lost']);
    await waitUntil(
      'the lost one has ended',
      () => pool.countWork().threads === 1,
    );
  });

  it('are at most twice as many as asked for while some are stuck', async () => {
    await using pool = await startTestPool({ slowMilliseconds: 500 });
    const stuck = pool.ask(FAULTS.wait);
    await expect(stuck).rejects.toMatchObject({ code: 'worker_lost' });
    expect(pool.countWork().threads).toBe(2);
    const late = pool.ask();

    pool.faults.open();

    expect(await late).toHaveLength(3);
    expect(pool.countWork().threads).toBeLessThanOrEqual(2);
  });
});
