import { once } from 'node:events';
import { connect } from 'node:net';
import { listen } from '@touchstone/kit/app/http';
import { waitUntil } from '@touchstone/kit/time/wait';
import { expect, it } from 'vitest';
import { configureStore } from './example-services.ts';
import { startFiles } from './start-files.ts';
import { clamd, startTestApp, store } from './test-app.ts';
import { createFileClient } from './test-client.ts';
import { makePicture } from './test-images.ts';

const UNKNOWN = '00000000-0000-4000-8000-000000000000';
const PNG = 'image/png';

it('serves nothing from quarantine, by any path that serves what is published', async () => {
  await using app = await startTestApp();
  const id = await app.upload(await makePicture('png'), PNG);

  expect(await app.send('GET', `/files/${id}/content`)).toMatchObject({
    status: 404,
    body: { code: 'not_published' },
  });
});

it('answers an id that is unknown, or not valid', async () => {
  await using app = await startTestApp();
  for (const [method, path] of [
    ['GET', ''],
    ['GET', '/content'],
    ['DELETE', ''],
    ['POST', '/rescan'],
  ] as const) {
    const known = await app.send(method, `/files/${UNKNOWN}${path}`);
    expect(known).toMatchObject({
      status: 404,
      body: { code: 'no_such_file' },
    });
    const answer = await app.send(method, `/files/..%2Fx${path}`);
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'invalid_request' },
    });
  }
});

it('refuses a file that is empty, too large, without a name or a length', async () => {
  await using app = await startTestApp();
  const refused = { status: 400, body: { code: 'invalid_request' } };

  expect(await app.post('', PNG)).toMatchObject(refused);
  expect(await app.post('x', PNG, '')).toMatchObject(refused);
  const large = Buffer.alloc(25_000_001);
  expect(await app.post(large, PNG)).toMatchObject(refused);
  expect(await app.post(Buffer.alloc(2_000_001), PNG)).toMatchObject({
    status: 413,
    body: { code: 'file_too_large' },
  });
  expect(await app.listKeys('quarantine')).toEqual([]);
});

it('publishes within a moment, wired as an app wires it, and stops', async () => {
  await using app = await startTestApp();
  await using files = startFiles({
    connectionString: app.databaseUrl,
    store: configureStore(store),
    buckets: app.names,
    clamd,
    log: app.log,
  });
  await using server = await listen(files.app);
  const client = createFileClient(server.url);
  const id = await client.upload(await makePicture('png'), PNG);
  await waitUntil('it is published', async () => {
    return (await client.look(id)).state === 'published';
  });
  expect((await client.download(id)).status).toBe(200);
});

it('keeps nothing of an upload that breaks off', async () => {
  await using app = await startTestApp();
  const { hostname, port } = new URL(app.url);
  const socket = connect(Number(port), hostname);
  socket.write(
    `POST /files?name=x HTTP/1.1\r
host: x\r
content-type: image/png\r
content-length: 9\r
\r
abc`,
  );
  socket.end();
  await once(socket.resume(), 'close');
  const { entries } = app.log;
  await waitUntil('it is logged', () => entries.length > 0);

  expect(entries).toMatchObject([
    { level: 'info', message: 'client went away' },
  ]);
  expect(await app.listKeys('quarantine')).toEqual([]);
});
