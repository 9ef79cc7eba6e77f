import { hash } from '@node-rs/argon2';
import { createNaiveLogins } from './naive.ts';

const password = 'correct horse battery';
const stored = await hash(password);
const { logIn } = createNaiveLogins(
  new Map([['ada@example.com', stored]]),
);

console.log('20 logins arrive at once');
let turns = 0;
const timer = setInterval(() => {
  turns += 1;
}, 1);
const logins = Array.from({ length: 20 }, () =>
  logIn('ada@example.com', password),
);
const answers = await Promise.all(logins);
clearInterval(timer);
console.log(`logins that are right: ${answers.filter(Boolean).length}`);
console.log(`other requests served meanwhile: ${turns}`);

const wrong = await measure('ada@example.com');
const unknown = await measure('nobody@example.com');
const isTold = wrong > 20 * unknown;
console.log(`an unknown user is answered 20 times faster: ${isTold}`);

/** The CPU time of one login, in microseconds. */
async function measure(email: string): Promise<number> {
  const before = process.cpuUsage();
  await logIn(email, 'wrong');
  return process.cpuUsage(before).user;
}
