import { startProgram } from '@touchstone/kit/programs/program';
import { requests } from './requests.ts';
import { ask, post } from './test-client.ts';

await using program = await startProgram(
  new URL('main.ts', import.meta.url),
  { PORT: '0' },
);
const url = `${program.url}/shops/books/orders`;

const right = '{"email":"ada@example.com","cents":900}';
const created = await post(url, right);
console.log(`an order: ${created.status} ${created.text}`);
for (const { what, body, query } of requests) {
  const answer = body
    ? await post(url, body)
    : await ask(`${url}?${query}`);
  console.log(
    `${what}: ${answer.status} ${answer.body.code ?? answer.text}`,
  );
  for (const { in: part = 'body', pointer, detail } of answer.body
    .errors ?? [])
    console.log(`  ${part} ${pointer}: ${detail}`);
}
