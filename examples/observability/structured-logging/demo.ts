import { startProgram } from '@touchstone/kit/programs/program';
import { waitUntil } from '@touchstone/kit/time/wait';
import { type Line, parseLines } from './test-pipe.ts';

await using program = await startProgram(
  new URL('main.ts', import.meta.url),
  { PORT: '0' },
);
let shown = 0;

console.log('POST /orders');
await order();
await showLines(2);
console.log('kill -USR2, POST /orders');
await program.signal('SIGUSR2');
await showLines(1);
await order();
await showLines(3);

async function order() {
  await fetch(`${program.url}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      sku: 'shoes',
      cardNumber: '4000056655665556',
    }),
  });
}

async function showLines(count: number) {
  const read = () => {
    const [, ...lines] = program.read().output.split(/(?<=\n)/);
    return parseLines(lines.join('') || '{}\n').slice(shown);
  };
  await waitUntil('the lines are there', () => read().length >= count);
  for (const line of read()) console.log(describe(line));
  shown += count;
}

function describe({ level, message, context, details }: Line): string {
  const id = context.requestId ? ' [id]' : '';
  const cause = JSON.stringify(details, [
    'error',
    'cause',
    'message',
    'cardNumber',
    'status',
    'level',
  ]);
  return `${level}${id} ${message} ${cause}`;
}
