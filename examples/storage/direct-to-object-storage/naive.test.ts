import { expect, it } from 'vitest';
import { startNaive } from './test-naive.ts';

it('shows how the naive way fails: a name is taken over, a size is a lie, a file is not there', async () => {
  await using naive = await startNaive();
  await naive.upload('cv.pdf', 'Ada');
  await naive.confirm('ada', 'cv.pdf', 3);

  await naive.upload('cv.pdf', 'Eve');
  expect(await naive.read('cv.pdf')).toBe('Eve');

  await naive.upload('big.bin', 'x'.repeat(9_000_000));
  await naive.confirm('eve', 'big.bin', 1000);
  expect((await naive.find('big.bin'))?.size).toBe(1000);

  await naive.confirm('bob', 'film.mp4', 1000);
  expect(await naive.isStored('film.mp4')).toBe(false);
});
