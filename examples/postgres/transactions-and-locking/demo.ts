import { randomUUID } from 'node:crypto';
import { startProgram } from '@touchstone/kit/programs/program';
import { startAccounts, sumCents } from './test-accounts.ts';

await using database = await startAccounts();
const { pool } = database;
await using program = await startProgram(
  new URL('main.ts', import.meta.url),
  { DATABASE_URL: database.url, PORT: '0' },
);

async function post(path: string, body: object): Promise<number> {
  const response = await fetch(`${program.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return response.status;
}

function transfer(sender: string, receiver: string, cents: number) {
  const id = randomUUID();
  return post('/transfers', { id, sender, receiver, cents });
}

const inEuros = (cents: number) => (cents / 100).toFixed(2);
const count = (all: number[], status: number) =>
  all.filter((one) => one === status).length;

console.log(`all have together: ${inEuros(await sumCents(pool))}`);
const twice = await Promise.all([
  transfer('ana', 'bob', 6000),
  transfer('ana', 'cy-1', 6000),
]);
console.log(
  `Ana has 100.00, and sends 60.00 twice: ${twice.sort().join()}`,
);

const crossing = await Promise.all(
  Array.from({ length: 50 }, (_, turn) =>
    turn % 2 ? transfer('ana', 'bob', 1) : transfer('bob', 'ana', 1),
  ),
);
console.log(
  `50 transfers, half of them back: ${count(crossing, 201)} done`,
);

const withdrawals = await Promise.all(
  ['cy-1', 'cy-2'].map((account) =>
    post('/withdrawals', { account, cents: 9000 }),
  ),
);
console.log(
  `Cy withdraws 90.00 from each of two accounts: ${withdrawals.sort().join()}`,
);
console.log(`all have together: ${inEuros(await sumCents(pool))}`);
