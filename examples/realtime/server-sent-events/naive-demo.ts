import { listen } from '@touchstone/kit/app/http';
import { waitUntil } from '@touchstone/kit/time/wait';
import { createNaiveStreams } from './naive.ts';
import { openDatabase } from './test-app.ts';
import { openStream } from './test-reader.ts';

await using database = await openDatabase();
const naive = await createNaiveStreams(database);
await using server = await listen(naive.follow, { graceSeconds: 0 });

const laptop = await openStream(server.url);
const phone = await openStream(server.url);
await naive.publish('km 1');
await waitUntil('it came', () => phone.received.length === 1);
console.log(`Ada follows a ride and sees: ${show(phone)}`);

phone.cut();
await waitUntil('it is gone', () => naive.responses.size === 1);
await naive.publish('km 2');
await naive.publish('km 3');
await waitUntil('they went out', () => laptop.received.length === 3);
laptop.cut();
await waitUntil('it is gone', () => naive.responses.size === 0);
console.log('her phone is in a tunnel: km 2 and km 3 happen');

const again = await openStream(server.url);
await naive.publish('km 4');
await waitUntil('it came', () => again.received.length === 1);
console.log(`she is back and sees: ${show(again)}`);

again.response.pause();
for (let n = 0; n < 3000; n++) await naive.publish('x'.repeat(7900));
const [stuck] = naive.responses;
const megabytes = (stuck?.writableLength ?? 0) / 2 ** 20;
console.log(
  `a tab that stopped reading costs the server ${megabytes > 5 ? 'more' : 'less'} than 5 MB`,
);
again.cut();

const photo = 'x'.repeat(8000);
await naive.publish(photo).catch(({ message }: Error) => {
  console.log(`a photo of 8 kB: ${message}`);
});
naive.stop();

function show({ received }: { received: { data: string }[] }) {
  return received.map(({ data }) => JSON.parse(data)).join(', ');
}
