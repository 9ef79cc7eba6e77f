import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { createNaiveTokens } from './naive.ts';

it('shows how the naive way fails: a stolen token works after reuse and after logout', async () => {
  const naive = createNaiveTokens({ secret: randomBytes(32) });
  const { refreshToken: stolen } = await naive.issue('ada');
  await naive.refresh(stolen);
  await naive.logout();

  const thief = await naive.refresh(stolen);

  expect(thief.refreshToken).toEqual(expect.any(String));
  await expect(
    naive.refresh(thief.refreshToken),
  ).resolves.toBeDefined();
});
