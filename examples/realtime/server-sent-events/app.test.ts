import { expect, it } from 'vitest';
import { startTestApp } from './test-app.ts';
import { createGuest } from './test-client.ts';

it('asks for a session where one is needed', async () => {
  await using app = await startTestApp();

  const response = await fetch(`${app.url}/topics/ride/events`);

  expect(response.status).toBe(401);
  expect(await response.json()).toMatchObject({ code: 'no_session' });
});

it('refuses a topic that somebody else has', async () => {
  await using app = await startTestApp();
  const ben = await createGuest(app.url, 'ben');

  expect(await ben.createTopic('ride')).toMatchObject({
    status: 409,
    body: { code: 'topic_taken' },
  });
});

it('lets only the owner append, grant and revoke', async () => {
  await using app = await startTestApp();
  await app.ada.grant('ride', 'ben');
  const ben = await createGuest(app.url, 'ben');
  const refused = { status: 403, body: { code: 'not_the_owner' } };

  expect(await ben.append('ride', 1)).toMatchObject(refused);
  expect(await ben.grant('ride', 'eve')).toMatchObject(refused);
  expect(await ben.revoke('ride', 'ada')).toMatchObject(refused);
  expect(await ben.append('nowhere', 1)).toMatchObject(refused);
});

it('tells a stranger the same of a topic that is there and of one that is not', async () => {
  await using app = await startTestApp();
  const eve = await createGuest(app.url, 'eve');

  for (const topic of ['ride', 'nowhere'])
    expect((await eve.stream(topic)).status).toBe(403);
});

it('refuses a name, a type and a topic that are not what it asks for', async () => {
  await using app = await startTestApp();
  const wrong = [
    app.ada.send('POST', '/sessions', { name: '' }),
    app.ada.send('POST', '/sessions', { name: 'x', more: 1 }),
    app.ada.createTopic('Ride%20A'),
    app.ada.append('ride', 1, 'reset'),
    app.ada.append('ride', 1, 'two words'),
    app.ada.send('POST', '/topics/ride/events', { type: 'moved' }),
  ];

  for (const answer of await Promise.all(wrong))
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'invalid_request' },
    });
});
