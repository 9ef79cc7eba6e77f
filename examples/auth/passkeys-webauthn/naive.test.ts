import { expect, it } from 'vitest';
import { openNaiveSite } from './naive-site.ts';

it('shows how the naive way fails: the same answer, a copy of the key and a key without its PIN sign in', async () => {
  const { answer, signIn } = await openNaiveSite();
  const first = answer({ counter: 8 });
  expect(await signIn(first)).toBe('ada');
  expect(await signIn(first)).toBe('ada');
  expect(await signIn(answer({ counter: 6 }))).toBe('ada');
  const found = { counter: 9, isVerified: false };
  expect(await signIn(answer(found))).toBe('ada');
  // Only what was counted at the registration is refused.
  await expect(signIn(answer({ counter: 5 }))).rejects.toThrow(
    'counter',
  );
  const unknown = { ...first, id: 'x', rawId: 'x' };
  expect(await signIn(unknown)).toBeUndefined();
});
