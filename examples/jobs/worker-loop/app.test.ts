import { listen } from '@touchstone/kit/app/http';
import { createClient } from '@touchstone/kit/testing/client';
import { createTestLog } from '@touchstone/kit/testing/log';
import { waitUntil } from '@touchstone/kit/time/wait';
import { expect, it } from 'vitest';
import { startMonitor } from './start-monitor.ts';
import { startTestSites } from './test-sites.ts';

it('checks a site at once, and says how it is', async () => {
  await using monitor = await startTestMonitor({ limitSeconds: 3 });
  const { test, send } = monitor;
  const answers = { hangs: 'timed_out', fine: '204', broken: '500' };
  const body = { url: 'http://127.0.0.1:1/' };
  const { status } = await send('POST', '/sites', { body });
  for (const path of Object.keys(answers)) await test.add(`/${path}`);

  expect(status).toBe(204);
  for (const [path, answer] of Object.entries(answers))
    await waitUntil(
      `it is ${answer}`,
      async () => (await test.answerOf(`/${path}`)) === answer,
    );
  const sites = await send<object[]>('GET', '/sites');
  expect(sites.body).toHaveLength(4);
  expect(sites.body[0]).toMatchObject({
    url: 'http://127.0.0.1:1/',
    answer: 'unreachable',
  });
  expect((await send('GET', '/health')).status).toBe(204);
});

it('gives a check back that it cannot finish before its stop', async () => {
  await using monitor = await startTestMonitor();
  const { test } = monitor;
  await test.add('/slow');
  await waitUntil('it asks', () => test.count('/slow') > 0);

  const stopping = monitor.stop(0);

  await stopping;
  expect(await test.sites.claim(1)).toMatchObject([{ claims: 2 }]);
  expect(await test.answerOf('/slow')).toBeNull();
});

it('refuses what is not the URL of a site', async () => {
  await using monitor = await startTestMonitor();
  const bodies = [{}, { url: 'file:///etc/passwd' }, { url: 7 }];

  for (const body of bodies)
    expect(
      await monitor.send('POST', '/sites', { body }),
    ).toMatchObject({
      status: 400,
      body: { code: 'invalid_request' },
    });
});

async function startTestMonitor(
  settings: { limitSeconds?: number } = {},
) {
  const stack = new AsyncDisposableStack();
  const test = stack.use(await startTestSites());
  const monitor = startMonitor({
    connectionString: test.url,
    log: createTestLog(),
    ...settings,
  });
  const { stop } = monitor;
  stack.defer(() => stop(0));
  const server = stack.use(await listen(monitor.app));
  return {
    test,
    stop,
    send: createClient(server.url),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
