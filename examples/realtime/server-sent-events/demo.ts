import { freshDatabase } from '@touchstone/kit/postgres/database';
import { startProgram } from '@touchstone/kit/programs/program';
import { waitUntil } from '@touchstone/kit/time/wait';
import { createGuest } from './test-app.ts';
import type { TestStream } from './test-reader.ts';

await using database = await freshDatabase({
  schema: new URL('schema.sql', import.meta.url),
});
await using first = await startMain();
await using second = await startMain();
const ada = await createGuest(first.url, 'ada');
const ben = await createGuest(first.url, 'ben');
await ada.createTopic('ride-7');
await ada.grant('ride-7', 'ben');

const phone = await ben.stream('ride-7', { url: second.url });
console.log('Ben follows the ride of Ada on the second process');
await ada.append('ride-7', { km: 1 });
await ada.append('ride-7', { km: 2 });
await show('on the first, Ada appends two events; he sees', phone, 2);

await second.kill('SIGTERM');
await phone.ended;
console.log('the second process is stopped; his stream ends in order');
await ada.append('ride-7', { km: 3 });
await ada.append('ride-7', { bulk: 'x'.repeat(20_000), km: 4 });

const lastEventId = Number(phone.lastId());
const back = await ben.stream('ride-7', { lastEventId });
await show(`he is back, with Last-Event-ID ${lastEventId}`, back, 2);

await ada.revoke('ride-7', 'ben');
await ada.append('ride-7', { km: 5 });
await back.ended;
console.log('Ada revokes his right and goes on; his stream ends');
await show('and he saw', back, 2);
const { status } = await ben.stream('ride-7', { lastEventId: 4 });
console.log(`he asks again: ${status}`);

async function show(what: string, stream: TestStream, count: number) {
  await waitUntil('they came', () => stream.received.length >= count);
  const seen = stream.received.map(({ id, data }) => {
    return `${id} (km ${JSON.parse(data).km})`;
  });
  console.log(`${what}: ${seen.join(', ')}`);
}

function startMain() {
  return startProgram(new URL('main.ts', import.meta.url), {
    DATABASE_URL: database.url,
    PORT: '0',
  });
}
