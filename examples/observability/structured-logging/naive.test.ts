import { expect, it } from 'vitest';
import { createNaiveLog } from './naive.ts';

it('shows how the naive way fails: a secret, a forged level, a lost error, a throw', () => {
  const lines: string[] = [];
  const log = createNaiveLog((line) => lines.push(line));
  log.info('login', { password: 'hunter2' });
  log.info('search', { level: 'error' });
  log.info('failed', { error: new Error('card declined') });

  expect(lines).toEqual([
    '{"level":"info","message":"login","password":"hunter2"}',
    '{"level":"error","message":"search"}',
    '{"level":"info","message":"failed","error":{}}',
  ]);
  const order: Record<string, unknown> = {};
  order.self = order;
  expect(() => log.info('order', order)).toThrow('circular structure');
});
