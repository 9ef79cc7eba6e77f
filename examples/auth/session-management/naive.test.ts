import { expect, it } from 'vitest';
import { openNaiveShop } from './naive-shop.ts';

it('shows how the naive way fails: a planted cookie is logged in, and a request under way brings the session back', async () => {
  await using shop = await openNaiveShop();
  expect(await shop.spy()).toBe('nobody');

  await shop.logIn();
  expect(await shop.spy()).toBe('ada@example.com');

  const upload = await shop.upload();
  expect((await shop.logOut()).status).toBe(204);
  expect(await shop.spy()).toBe('nobody');
  await upload.finish();
  expect(await shop.spy()).toBe('ada@example.com');
});
