import { listen } from '@touchstone/kit/app/http';
import { createNaiveApp } from './naive.ts';
import { requests } from './requests.ts';

await using server = await listen(createNaiveApp());
for (const { what, body, query } of requests) {
  const headers = { 'content-type': 'application/json' };
  const post = { method: 'POST', headers, body: body ?? null };
  const url = `${server.url}/orders?${query ?? ''}`;
  const answer = await fetch(url, body ? post : {});
  const { found, ...rest } = await answer.json();
  const count = found ? `, ${found.length} found` : '';
  console.log(`${what}: ${answer.status}`);
  console.log(`  ${JSON.stringify(rest)}${count}`);
}
