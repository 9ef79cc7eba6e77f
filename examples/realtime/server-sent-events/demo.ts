import { startProgram } from '@touchstone/kit/programs/program';
import { waitUntil } from '@touchstone/kit/time/wait';
import { createGuest, openDatabase } from './test-app.ts';
import type { TestStream } from './test-reader.ts';

await using database = await openDatabase();
await using first = await startMain();
await using second = await startMain();
const ada = await createGuest(first.url, 'ada');
const ben = await createGuest(first.url, 'ben');
await ada.create('ride-7');
await ada.grant('ride-7', 'ben');

const phone = await ben.stream('ride-7', { url: second.url });
console.log('Ben follows the ride of Ada on the second process');
await ada.move('ride-7', 1);
await ada.move('ride-7', 2);
await show('Ada moves twice on the first one; Ben sees', phone, 2);

await second.kill('SIGTERM');
await phone.ended;
console.log('the second process is stopped, and the stream ends');
await ada.move('ride-7', 3);
await ada.move('ride-7', 4);

const lastEventId = Number(phone.lastId());
const back = await ben.stream('ride-7', { lastEventId });
await show(`Ben is back with Last-Event-ID ${lastEventId}`, back, 2);

await ben.logOut();
await ada.move('ride-7', 5);
await back.ended;
console.log('Ben logs out, Ada moves on, and the stream ends');
await show('all that Ben saw there', back, 2);
const { status } = await ben.stream('ride-7', { lastEventId: 4 });
console.log(`asked again, the server answers ${status}`);

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
