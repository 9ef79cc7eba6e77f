import { expect, it } from 'vitest';
import { assignments } from './bench-assignment.ts';

it('compares like with like: each gives a tenth of the users to the canary', () => {
  for (const choose of Object.values(assignments)) {
    const users = Array.from({ length: 20_000 }, (_, n) => `user-${n}`);
    const canary = users.filter((user) => choose(user) === 'canary');
    expect(canary.length / users.length).toBeCloseTo(0.1, 1);
  }
});
