import { listen } from '@touchstone/kit/app/http';
import { expect, it } from 'vitest';
import { createNaiveVerifier } from './naive.ts';
import { toJwks } from './signing-keys.ts';
import {
  createClaims,
  createCurrentKey,
  signToken,
} from './test-site.ts';

it('shows how the naive way fails: it accepts an ID token for another API, and refuses what a new key signs', async () => {
  let key = createCurrentKey();
  await using server = await listen((_request, response) => {
    response.end(JSON.stringify(toJwks([key])));
  });
  const { verify } = createNaiveVerifier(new URL(server.url));
  const exp = Date.now() / 1000 + 60;
  const claims = { ...createClaims(), aud: 'the newsletter', exp };
  const idToken = await signToken(key, claims, { typ: 'JWT' });
  expect(await verify(idToken)).toBe('ada');

  key = createCurrentKey();

  const newToken = await signToken(key, claims);
  await expect(verify(newToken)).rejects.toMatchObject({
    code: 'ERR_JWKS_NO_MATCHING_KEY',
  });
  expect(await verify(idToken)).toBe('ada');
});
