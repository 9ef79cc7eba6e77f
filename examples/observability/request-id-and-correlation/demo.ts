import { listen } from '@touchstone/kit/app/http';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { startProgram } from '@touchstone/kit/programs/program';
import { waitUntil } from '@touchstone/kit/time/wait';
import { type Line, sendOrder } from './test-app.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

await using database = await freshDatabase({
  schema: new URL('schema.sql', import.meta.url),
});
await using stock = await listen(({ headers }, response) => {
  const { traceparent } = headers;
  console.log(`the stock service gets trace ${name(`${traceparent}`)}`);
  response.end();
});
await using program = await startProgram(
  new URL('main.ts', import.meta.url),
  {
    DATABASE_URL: database.url,
    STOCK_URL: stock.url,
    TRUST_CALLERS: 'true',
    PORT: '0',
  },
);

console.log(`POST /orders, trace ${name(TRACE)}, id order-of-ada`);
const parent = `00-${TRACE}-00f067aa0ba902b7-01`;
const known = ['traceparent', parent, 'x-request-id', 'order-of-ada'];
const { id } = await sendOrder(program.url, known);
console.log(`x-request-id: ${id}`);
await waitUntil('the job ran', () => readLines().length === 4);
for (const { message, context } of readLines())
  console.log(
    `"${message}" of ${context.requestId}, trace ${name(`${context.traceId}`)}`,
  );

const rubbish = await sendOrder(program.url, [
  'x-request-id',
  '*/; drop',
]);
console.log(
  `x-request-id "*/; drop" becomes a UUID: ${rubbish.id.length === 36}`,
);

/** By their messages: the job may run before the request has ended, or after. */
function readLines(): Line[] {
  const lines = program.read().output.split('\n').slice(1, -1);
  return lines
    .map((line): Line => JSON.parse(line))
    .toSorted((a, b) => (a.message < b.message ? -1 : 1));
}

/** Ids of our own differ in each run; the caller's shows through. */
function name(text: string): string {
  return text.includes(TRACE) ? `${TRACE.slice(0, 8)}…` : 'another';
}
