import { expect, it } from 'vitest';
import { signStandard } from './sign.ts';
import { startTestApp } from './test-app.ts';
import { writePaid } from './test-sender.ts';

it('knows no sender but those it was told of', async () => {
  await using app = await startTestApp();

  for (const source of ['github', 'constructor', '__proto__'])
    expect(
      await app.send(`/webhooks/${source}`, { method: 'POST' }),
    ).toMatchObject({ status: 404, body: { code: 'unknown_source' } });
});

it('refuses a request that lacks a header, and says which', async () => {
  await using app = await startTestApp();
  const body = writePaid('ada');
  const headers = signStandard({
    id: 'msg_1',
    body,
    at: app.clock(),
    secrets: [app.secrets.acme],
  });

  for (const name of Object.keys(headers)) {
    const { [name as 'webhook-id']: _, ...others } = headers;
    const answer = await app.send('/webhooks/acme', {
      method: 'POST',
      headers: others,
      body,
    });
    expect(answer).toMatchObject({
      status: 400,
      body: {
        code: 'invalid_signature',
        detail: `Send the header ${name}`,
      },
    });
  }
});

it('refuses an event whose id cannot be kept, though it is signed', async () => {
  await using app = await startTestApp();
  const ids = ['', 7, null, 'x'.repeat(256), 'a\u0000b', undefined];
  const bodies = [
    ...ids.map((id) => JSON.stringify({ id })),
    'no JSON',
  ];

  for (const body of bodies) {
    const answer = await app.sendStripe(body, {
      at: app.clock(),
      secrets: [app.secrets.stripe],
    });
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'invalid_signature' },
    });
  }
});

it('shows and replays events to nobody but the operator', async () => {
  await using app = await startTestApp();
  const paths = [
    ['GET', '/dead-letters'],
    ['GET', '/accounts/ada'],
    ['POST', '/webhook-events/acme/msg_1/replay'],
  ] as const;

  for (const [method, path] of paths) {
    for (const authorization of ['', 'Bearer ', 'Bearer guess']) {
      const headers = { authorization };
      expect(await app.send(path, { method, headers })).toMatchObject({
        status: 401,
        body: { code: 'invalid_token' },
      });
    }
  }
});

it('has nothing to replay of an event that it never saw', async () => {
  await using app = await startTestApp();

  expect(await app.replay('acme', 'msg_1')).toMatchObject({
    status: 409,
    body: { code: 'nothing_to_replay' },
  });
});
