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
