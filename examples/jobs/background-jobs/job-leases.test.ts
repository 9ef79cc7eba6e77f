import { waitUntil } from '@touchstone/kit/time/wait';
import pg from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { hold, keepLeases } from './job-leases.ts';
import { createJobQueue } from './job-queue.ts';
import { startTestJobs } from './test-jobs.ts';

it('tells a job that its lease is another worker’s by now', async () => {
  await using jobs = await startTestJobs();
  const held = await claimOne(jobs);
  await jobs.passTime(30);
  await jobs.queue.claim(['noop'], 1, 30);

  const leases = keepLeases({
    queue: jobs.queue,
    list: () => [held],
    leaseSeconds: 0.1,
    limitSeconds: 60,
    log: console,
  });
  onTestFinished(leases.stop);

  await waitUntil('it is told', () => held.abort.signal.aborted);
  expect(held.abort.signal.reason).toMatchObject({
    name: 'LeaseLostError',
  });
  leases.stop();
  await leases.idle();
});

it('tells a job that its lease is over when the database is out of reach', async () => {
  await using jobs = await startTestJobs();
  const held = await claimOne(jobs);
  const warnings = new Set<string>();
  const pool = new pg.Pool({ host: '127.0.0.1', port: 1 });

  const leases = keepLeases({
    queue: createJobQueue({ pool }),
    list: () => [held],
    leaseSeconds: 0.3,
    limitSeconds: 60,
    log: { ...console, warn: (message) => void warnings.add(message) },
  });
  onTestFinished(leases.stop);

  await waitUntil('it is told', () => held.abort.signal.aborted);
  expect(held.abort.signal.reason).toMatchObject({
    name: 'LeaseLostError',
  });
  await leases.idle();
  expect([...warnings]).toEqual(['leases cannot be extended']);
});

async function claimOne(
  jobs: Awaited<ReturnType<typeof startTestJobs>>,
) {
  await jobs.queue.enqueue(jobs.pool, [{ kind: 'noop', payload: {} }]);
  const asked = performance.now();
  const [job] = await jobs.queue.claim(['noop'], 1, 30);
  if (!job) throw new Error('nothing was claimed');
  return hold(job, asked);
}
