import { expect, it } from 'vitest';
import { createGuest, startTestApp } from './test-app.ts';

it('asks for a login where one is needed', async () => {
  await using app = await startTestApp();

  const response = await fetch(`${app.url}/rides/ride/events`);

  expect(response.status).toBe(401);
  expect(await response.json()).toMatchObject({ code: 'no_session' });
});

it('refuses the name of a ride that somebody else has', async () => {
  await using app = await startTestApp();
  const ben = await createGuest(app.url, 'ben');

  expect(await ben.create('ride')).toMatchObject({
    status: 409,
    body: { code: 'ride_taken' },
  });
});

it('lets only the owner move, grant and revoke', async () => {
  await using app = await startTestApp();
  await app.ada.grant('ride', 'ben');
  const ben = await createGuest(app.url, 'ben');
  const refused = { status: 403, body: { code: 'not_the_owner' } };

  expect(await ben.move('ride', 1)).toMatchObject(refused);
  expect(await ben.grant('ride', 'eve')).toMatchObject(refused);
  expect(await ben.revoke('ride', 'ada')).toMatchObject(refused);
  expect(await ben.move('nowhere', 1)).toMatchObject(refused);
});

it('tells a stranger the same of a ride that is there and of one that is not', async () => {
  await using app = await startTestApp();
  const eve = await createGuest(app.url, 'eve');
  const refused = { status: 403, body: { code: 'not_a_reader' } };

  for (const ride of ['ride', 'nowhere']) {
    expect(await eve.send('GET', `/rides/${ride}`)).toMatchObject(
      refused,
    );
    const stream = await eve.send('GET', `/rides/${ride}/events`);
    expect(stream).toMatchObject(refused);
  }
});

it('gives the state of a ride with the id to follow it from', async () => {
  await using app = await startTestApp();
  const ride = async () =>
    (await app.ada.send('GET', '/rides/ride')).body;
  expect(await ride()).toEqual({ km: 0, after: '0' });

  await app.ada.move('ride', 2.5);

  expect(await ride()).toEqual({ km: 2.5, after: '1' });
});

it('refuses what it does not ask for', async () => {
  await using app = await startTestApp();
  const { send, create, move } = app.ada;
  const wrong = [
    send('POST', '/sessions', { body: { name: '' } }),
    send('POST', '/sessions', { body: { name: 'x', more: 1 } }),
    create('Ride%20A'),
    move('ride', -1),
    send('GET', '/rides/ride/events?after=1%20or%201=1'),
    send('GET', '/rides/ride/events?before=1'),
  ];

  for (const answer of await Promise.all(wrong))
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'invalid_request' },
    });
});
