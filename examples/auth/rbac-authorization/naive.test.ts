import { runProgram } from '@touchstone/kit/programs/program';
import { expect, it } from 'vitest';

it('shows how the naive way fails: other organisations, self-promotion, a removed member and a forgotten check', async () => {
  const demo = new URL('naive-demo.ts', import.meta.url);
  const { code, output } = await runProgram(demo);
  expect(code).toBe(0);
  expect(output.split('\n').slice(1, -1)).toEqual([
    'she reads a contract of Acme: 200',
    'she makes herself an owner: 204',
    'she is removed, and reads on: 200',
    'nobody reads a price: 200',
  ]);
});
