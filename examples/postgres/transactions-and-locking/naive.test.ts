import { expect, it } from 'vitest';
import { createNaiveAccounts } from './naive.ts';
import {
  createMeeting,
  readCents,
  startAccounts,
  sumCents,
} from './test-accounts.ts';

const order = { sender: 'ana', cents: 6000, note: '' };

it('shows how the naive way fails: two transfers at once make money from nothing', async () => {
  await using database = await startAccounts();
  const { pool } = database;
  const approve = createMeeting(2);
  const { transfer } = createNaiveAccounts({ pool, approve });

  await Promise.all([
    transfer({ ...order, id: '1', receiver: 'bob' }),
    transfer({ ...order, id: '2', receiver: 'cy-1' }),
  ]);

  expect(await sumCents(pool)).toBe(36_000);
});

it('shows how the naive way fails: it says done, and nothing is there', async () => {
  await using database = await startAccounts();
  const { pool } = database;
  const approve = createMeeting(1);
  const { transfer } = createNaiveAccounts({ pool, approve });
  const note = 'x'.repeat(141);

  const answer = await transfer({
    ...order,
    id: '1',
    receiver: 'bob',
    note,
  });

  expect(answer).toBe('done');
  expect(await readCents(pool, 'bob')).toBe(10_000);
});

it('holds while nothing happens at once, and nothing fails', async () => {
  await using database = await startAccounts();
  const { pool } = database;
  const approve = createMeeting(1);
  const { transfer } = createNaiveAccounts({ pool, approve });

  await transfer({ ...order, id: '1', receiver: 'bob' });
  const second = transfer({ ...order, id: '2', receiver: 'bob' });

  await expect(second).rejects.toThrow('not enough money');
  expect(await readCents(pool, 'ana')).toBe(4000);
});
