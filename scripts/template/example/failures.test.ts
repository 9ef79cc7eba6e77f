import { freshDatabase } from '@touchstone/kit/postgres/database';
import { failure } from '@touchstone/kit/testing/failure';
import { expect } from 'vitest';
import { createExampleSlug } from './example-slug.ts';

const schema = new URL('schema.sql', import.meta.url);

failure(
  'Many requests count at once',
  {
    symptom: 'Each gets a number of its own, and none is lost',
    defence: 'count',
    remains: 'One busy name is one busy row: its requests wait in line',
  },
  async () => {
    await using database = await freshDatabase({ schema });
    const counters = createExampleSlug({ pool: database.pool });

    const values = await Promise.all(Array.from({ length: 50 }, () => counters.count('visits')));

    expect(new Set(values).size).toBe(50);
    expect(Math.max(...values)).toBe(50);
  },
);
