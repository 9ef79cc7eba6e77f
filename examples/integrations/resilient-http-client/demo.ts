import { listen } from '@touchstone/kit/app/http';
import { startProgram } from '@touchstone/kit/programs/program';
import { createStandInProvider } from './stand-in-provider.ts';

await using provider = await listen(createStandInProvider(), {
  graceSeconds: 0,
});
await using program = await startProgram(
  new URL('main.ts', import.meta.url),
  { PAYMENTS_URL: provider.url, PORT: '0' },
);

await send('/payments', { order: 'lost', cents: 4200 });
console.log('  its first answer was lost:', await count());
await send('/payments', { order: 'busy', cents: 4200 });
console.log('  after three attempts:', await count());
await send('/previews', { url: 'http://169.254.169.254/latest/' });
await send('/previews', { url: `${provider.url}/statistics` });
console.log(`SIGTERM: exit code ${await program.kill('SIGTERM')}`);

async function send(path: string, body: object) {
  const response = await fetch(program.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const { id, code } = await response.json();
  console.log(`POST ${path}: ${response.status} ${id ?? code}`);
}

async function count() {
  const response = await fetch(`${provider.url}/statistics`);
  return response.text();
}
