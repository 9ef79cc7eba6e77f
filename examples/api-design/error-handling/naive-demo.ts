import { DatabaseSync } from 'node:sqlite';
import { listen } from '@touchstone/kit/app/http';
import { createNaiveApp } from './naive.ts';

console.error = () => {}; // what it logs is another matter
const bank = await listen((_request, response) => {
  response.writeHead(401).end('sk_live_42 has been revoked');
});

async function askBank() {
  const response = await fetch(bank.url);
  const error = new Error(await response.text());
  if (!response.ok)
    throw Object.assign(error, { status: response.status });
}

const database = new DatabaseSync(':memory:');
const app = await listen(createNaiveApp({ database, askBank }));
await show('a query has a typing error', '/members');
await show('the bank refuses our key', '/payments', '{}');
await show(
  'a password is not quoted',
  '/sessions',
  '{"password":hunter2}',
);
await app[Symbol.asyncDispose]();
await bank[Symbol.asyncDispose]();

async function show(what: string, path: string, body?: string) {
  const headers = { 'content-type': 'application/json' };
  const post = { method: 'POST', headers, body: body ?? null };
  const answer = await fetch(app.url + path, body ? post : {});
  const cache = answer.headers.get('cache-control');
  console.log(`${what}: ${answer.status}`);
  console.log(`  ${await answer.text()}`);
  if (cache) console.log(`  cache-control: ${cache}`);
}
