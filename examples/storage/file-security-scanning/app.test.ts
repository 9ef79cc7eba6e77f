import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { startTestApp } from './test-app.ts';
import { makePicture } from './test-images.ts';

const UNKNOWN = '00000000-0000-4000-8000-000000000000';

it('serves what is published as a download that runs nothing', async () => {
  await using app = await startTestApp();
  const id = await app.upload(await makePicture('png'), {
    type: 'image/png; charset=binary',
    name: 'Zoë.jpeg.exe',
  });
  await app.processAll();

  const { headers, bytes } = await app.download(id);

  expect(Object.fromEntries(headers)).toMatchObject({
    'content-type': 'image/png',
    'content-length': `${bytes.length}`,
    'content-disposition':
      'attachment; filename="Zo?.jpeg.png"; filename*=UTF-8\'\'Zo%C3%AB.jpeg.png',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "sandbox; default-src 'none'",
    'cross-origin-resource-policy': 'same-site',
    'cache-control': 'private, max-age=31536000, immutable',
    etag: expect.stringMatching(/^"[0-9a-f]{64}"$/),
  });
});

it('serves nothing from quarantine, by any path that serves what is published', async () => {
  await using app = await startTestApp();
  const id = await app.upload(await makePicture('png'), {
    type: 'image/png',
  });

  expect(await app.send(`/files/${id}/content`)).toMatchObject({
    status: 404,
    body: { code: 'not_published' },
  });
  expect(await app.buckets.quarantine.read(id)).toBeDefined();
  expect(await app.buckets.published.read(id)).toBeUndefined();
});

it('answers an id that is unknown, or none', async () => {
  await using app = await startTestApp();

  expect(await app.send(`/files/${UNKNOWN}`)).toMatchObject({
    status: 404,
    body: { code: 'not_found' },
  });
  expect(await app.send('/files/..%2Fsecrets')).toMatchObject({
    status: 400,
    body: { code: 'invalid_request' },
  });
});

it('refuses a file that is empty, too large, or of no name', async () => {
  await using app = await startTestApp();
  const type = 'image/png';

  expect(await app.post('', { type })).toMatchObject({
    status: 400,
    body: { code: 'empty' },
  });
  expect(
    await app.post(Buffer.alloc(2_000_001), { type }),
  ).toMatchObject({ status: 413, body: { code: 'too_large' } });
  expect(await app.post('x', { type, name: '' })).toMatchObject({
    status: 400,
    body: { code: 'invalid_request' },
  });
});

it('refuses a file whose length is not said', async () => {
  await using app = await startTestApp();
  const chunks = new Response('x').body;

  const answer = await app.send('/files?name=x', {
    method: 'POST',
    body: chunks,
    duplex: 'half',
  } as RequestInit);

  expect(answer).toMatchObject({
    status: 411,
    body: { code: 'length_required' },
  });
});

it('keeps nothing of an upload that breaks off', async () => {
  await using app = await startTestApp();
  const { hostname, port } = new URL(app.url);
  const socket = connect(Number(port), hostname);
  socket.write(
    'POST /files?name=x HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nabc',
  );
  socket.end();
  await once(socket.resume(), 'close');

  expect(await app.processAll()).toBe(0);
  expect(app.logged).toEqual([]);
});
