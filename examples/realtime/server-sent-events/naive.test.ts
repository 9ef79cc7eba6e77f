import { listen } from '@touchstone/kit/app/http';
import { waitUntil } from '@touchstone/kit/time/wait';
import { expect, it } from 'vitest';
import { createNaiveStreams } from './naive.ts';
import { openDatabase } from './test-app.ts';
import { openStream } from './test-reader.ts';

it('shows how the naive way fails: what happens while a reader is not connected is lost, and 8,000 bytes are too many', async () => {
  await using database = await openDatabase();
  const naive = await createNaiveStreams(database);
  await using server = await listen(naive.follow, { graceSeconds: 0 });
  using _naive = { [Symbol.dispose]: naive.stop };
  const witness = await openStream(server.url);
  const stream = await openStream(server.url);
  await naive.publish(1);
  await waitUntil('one came', () => stream.received.length === 1);
  stream.cut();
  await waitUntil('it is gone', () => naive.responses.size === 1);

  await naive.publish(2);
  await waitUntil('two went out', () => witness.received.length === 2);
  const again = await openStream(server.url);
  await naive.publish(3);

  await waitUntil('three came', () => again.received.length > 0);
  expect(again.received.map(({ data }) => data)).toEqual(['3']);
  await expect(naive.publish('x'.repeat(8000))).rejects.toThrow(
    'payload string too long',
  );
});
