import { freshDatabase } from '@touchstone/kit/postgres/database';
import { expect, it } from 'vitest';
import { createExampleSlug } from './example-slug.ts';

const schema = new URL('schema.sql', import.meta.url);

it('counts each name from one', async () => {
  await using database = await freshDatabase({ schema });
  const counters = createExampleSlug({ pool: database.pool });

  expect(await counters.count('visits')).toBe(1);
  expect(await counters.count('visits')).toBe(2);
  expect(await counters.count('sales')).toBe(1);
});
