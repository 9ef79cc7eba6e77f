import { createClient } from '@touchstone/kit/testing/client';
import { expect, it } from 'vitest';
import { startTestApp } from './test-app.ts';

it('shows each tenant its own projects, newest first, with the number of their tasks', async () => {
  await using app = await startTestApp();
  const acme = await app.signUp('Acme');
  const globex = await app.signUp('Globex');
  const launch = await acme.create('launch', 'The launch');
  await acme.create('move', 'Moving house');
  await globex.create('merger', 'Merger with Acme');
  await acme.addTask(launch.body.id);

  expect((await acme.search()).body).toMatchObject([
    { slug: 'move', tasks: 0 },
    { slug: 'launch', tasks: 1 },
  ]);
  expect((await acme.search('LAUNCH')).body).toMatchObject([
    { slug: 'launch' },
  ]);
  expect((await globex.search()).body).toMatchObject([
    { slug: 'merger' },
  ]);
});

it('answers for the project of another tenant as for one that does not exist', async () => {
  await using app = await startTestApp();
  const acme = await app.signUp('Acme');
  const globex = await app.signUp('Globex');
  const { body } = await globex.create('merger');
  const nowhere = { status: 404, body: { code: 'no_such_project' } };

  for (const id of [body.id, crypto.randomUUID()]) {
    expect(await acme.addTask(id)).toMatchObject(nowhere);
    expect(await acme.remove(id)).toMatchObject(nowhere);
  }
  expect((await globex.remove(body.id)).status).toBe(204);
  expect((await globex.search()).body).toEqual([]);
});

it('lets two tenants have the same slug, and one tenant only once', async () => {
  await using app = await startTestApp();
  const acme = await app.signUp('Acme');
  const globex = await app.signUp('Globex');

  expect((await acme.create('launch')).status).toBe(201);
  expect((await globex.create('launch')).status).toBe(201);
  expect(await acme.create('launch')).toMatchObject({
    status: 409,
    body: { code: 'slug_taken' },
  });
});

it('asks for a key, and for a body that is what the route asks for', async () => {
  await using app = await startTestApp();
  const acme = await app.signUp('Acme');
  const invalid = { status: 400, body: { code: 'invalid_request' } };

  for (const headers of [{}, { authorization: 'Bearer guess' }])
    expect(
      await createClient(app.url, headers)('GET', '/projects'),
    ).toMatchObject({ status: 401, body: { code: 'invalid_key' } });
  for (const slug of ['', 'Launch', 'x'.repeat(51)])
    expect(await acme.create(slug, 'Launch')).toMatchObject(invalid);
  expect(await acme.remove('7')).toMatchObject(invalid);
  expect(app.log.entries).toEqual([]);
});
