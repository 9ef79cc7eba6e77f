import { startProgram } from '@touchstone/kit/programs/program';
import { createClient } from '@touchstone/kit/testing/client';
import { waitUntil } from '@touchstone/kit/time/wait';
import { startTestSites } from './test-sites.ts';

const MAIN = new URL('main.ts', import.meta.url);

await using test = await startTestSites();
const environment = {
  DATABASE_URL: test.url,
  PORT: '0',
  LIMIT_SECONDS: '2',
};
await using first = await startProgram(MAIN, environment);
const send = createClient(first.url);
await send('POST', '/sites', { body: { url: `${test.site}/hangs` } });
await waitUntil('it hangs', () => test.count('/hangs') > 0);
await send('POST', '/sites', { body: { url: `${test.site}/fine` } });
await send('POST', '/sites', { body: { url: `${test.site}/broken` } });
await tell('/fine');
await tell('/broken');
await tell('/hangs');

await using second = await startProgram(MAIN, environment);
await test.add('/slow');
await waitUntil('one asks', () => test.count('/slow') > 0);
await test.add('/new');
await tell('/new'); // time enough for the other one
console.log('two processes, one site is due, both are told');
console.log(`it is asked: ${test.count('/slow')} time`);
const codes = [first.kill('SIGTERM'), second.kill('SIGTERM')];
test.answerSlow();
console.log(`SIGTERM: exit codes ${(await Promise.all(codes)).join()}`);
await tell('/slow');

async function tell(path: string) {
  await waitUntil('it has an answer', async () =>
    Boolean(await test.answerOf(path)),
  );
  console.log(`${path}: ${await test.answerOf(path)}`);
}
