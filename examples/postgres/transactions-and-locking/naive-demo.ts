import { createNaiveAccounts } from './naive.ts';
import {
  createMeeting,
  readCents,
  startAccounts,
  sumCents,
} from './test-accounts.ts';

await using database = await startAccounts();
const { pool } = database;
const approve = createMeeting(2);
const { transfer } = createNaiveAccounts({ pool, approve });
const order = { sender: 'ana', cents: 6000, note: '' };
const inEuros = (cents: number) => (cents / 100).toFixed(2);

console.log(`all have together: ${inEuros(await sumCents(pool))}`);
const answers = await Promise.all([
  transfer({ ...order, id: '1', receiver: 'bob' }),
  transfer({ ...order, id: '2', receiver: 'cy-1' }),
]);
console.log(`Ana has 100.00, and sends 60.00 twice: ${answers.join()}`);
console.log(`all have together: ${inEuros(await sumCents(pool))}`);

const before = inEuros(await readCents(pool, 'ana'));
const answer = await transfer({
  id: '3',
  sender: 'ana',
  receiver: 'bob',
  cents: 1000,
  note: 'x'.repeat(141),
});
console.log(`Ana sends 10.00 with a long note: ${answer}`);
const after = inEuros(await readCents(pool, 'ana'));
console.log(`Ana had ${before} and has ${after}`);
