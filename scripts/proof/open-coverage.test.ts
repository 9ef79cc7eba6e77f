import { expect, it } from 'vitest';
import { openCoverage } from './open-coverage.ts';

class Refused extends Error {
  readonly code = 'refused';
}

/** The question whether a test ran a class is asked of an error that thousands of calls before it threw. */
it('counts a call of what was called so often before that V8 would optimize it', async () => {
  const take = await openCoverage();
  for (let call = 0; call < 100_000; call++) new Refused();
  expect(await countRefused()).toBeGreaterThan(0);

  new Refused();
  expect(await countRefused()).toBe(1);
  expect(await countRefused()).toBe(0);

  async function countRefused() {
    const scripts = await take();
    const here = scripts.filter(({ url }) => url === import.meta.url);
    const found = here.flatMap(({ functions }) => functions);
    const initializer = found.find(
      ({ functionName }) => functionName === '<instance_members_initializer>',
    );
    return initializer?.ranges[0]?.count ?? 0;
  }
});
