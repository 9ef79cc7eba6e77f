import { get } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { listen } from './http.ts';

it('lets a request under way finish when it stops, and accepts no new one', async () => {
  const arrived = Promise.withResolvers<void>();
  const mayAnswer = Promise.withResolvers<void>();
  const server = await listen(async (_request, response) => {
    arrived.resolve();
    await mayAnswer.promise;
    response.end('done');
  });
  const answer = fetch(server.url).then((response) => response.text());
  await arrived.promise;

  const stopped = server[Symbol.asyncDispose]();
  await expect(fetch(server.url)).rejects.toThrow('fetch failed');
  mayAnswer.resolve();

  expect(await answer).toBe('done');
  await stopped;
});

it('lets a slow client read all of an answer when it stops', async () => {
  const size = 16 * 2 ** 20; // more than the sockets on both sides hold
  const server = await listen((_request, response) => response.end(Buffer.alloc(size)));
  const read = Promise.withResolvers<number>();
  const request = get(server.url, async (response) => {
    await pause(100); // the server is asked to stop in the meantime
    let bytes = 0;
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    response.once('close', () => read.resolve(bytes));
  });
  request.on('error', read.reject);
  await new Promise((resolve) => request.once('response', resolve));

  await server[Symbol.asyncDispose]();

  expect(await read.promise).toBe(size);
});

it('cuts a request that outlasts the grace', async () => {
  const arrived = Promise.withResolvers<void>();
  const server = await listen(() => arrived.resolve(), { graceSeconds: 0 });
  const answer = fetch(server.url);
  await arrived.promise;

  await Promise.all([
    server[Symbol.asyncDispose](),
    expect(answer).rejects.toThrow('fetch failed'),
  ]);
});

it('says which port is taken', async () => {
  await using server = await listen((_request, response) => void response.end());

  await expect(listen(() => {}, { port: Number(new URL(server.url).port) })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
});
