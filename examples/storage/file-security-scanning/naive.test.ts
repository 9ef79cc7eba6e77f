import { expect, it } from 'vitest';
import {
  leaveFolder,
  readHome,
  startNaiveApp,
  stealCookie,
} from './naive-attacks.ts';

it('shows how the naive way fails: a script runs, a home is found, a file is written anywhere', async () => {
  await using naive = await startNaiveApp();

  const text = Buffer.from('hello');
  expect(await naive.upload('a.txt', text, 'text/plain')).toBe(415);
  expect(await stealCookie(naive)).toEqual({
    status: 201,
    stolen: 'session=ada',
  });
  expect(await readHome(naive)).toBe('52° 31′ 12″');
  expect(await leaveFolder(naive)).toBe(true);
});
