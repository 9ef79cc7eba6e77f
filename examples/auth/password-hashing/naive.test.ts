import { hash } from '@node-rs/argon2';
import { expect, it } from 'vitest';
import { createNaiveLogins } from './naive.ts';

it('shows how the naive way fails: nothing else runs during 20 logins, and an unknown user costs no hash', async () => {
  const stored = await hash('correct horse battery');
  const { logIn } = createNaiveLogins(new Map([['ada', stored]]));
  let turns = 0;
  const timer = setInterval(() => {
    turns += 1;
  }, 1);
  const before = process.cpuUsage();

  const logins = Array.from({ length: 20 }, () =>
    logIn('ada', 'wrong'),
  );
  expect(await Promise.all(logins)).not.toContain(true);

  expect(turns).toBe(0);
  clearInterval(timer);
  const { user: known } = process.cpuUsage(before);
  const start = process.cpuUsage();
  for (let round = 0; round < 20; round++)
    expect(await logIn('nobody', 'wrong')).toBe(false);
  expect(process.cpuUsage(start).user).toBeLessThan(known / 20);
});
