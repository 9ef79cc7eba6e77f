import type { RequestListener } from 'node:http';
import { listen } from '@touchstone/kit/app/http';
import { launchChromium } from '@touchstone/kit/browser/chromium';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { findFreePort } from '@touchstone/kit/programs/free-port';
import { createTestLog } from '@touchstone/kit/testing/log';
import { waitUntil } from '@touchstone/kit/time/wait';
import type { Page } from 'playwright-core';
import { afterAll, expect, it } from 'vitest';
import { createApp } from './app.ts';
import { applySchema, SESSIONS } from './apply-schema.ts';
import { PASSWORD } from './authenticate.ts';

const browser = await launchChromium();
afterAll(() => browser.close());

it('adds a passkey, and signs in with it without a name', async () => {
  await using site = await openSite();
  const { page } = site;
  await site.enrol();
  await page.context().clearCookies();

  await page.click('#passkey');
  await saysNow(page, 'signed in');

  expect(await me(page)).toBe(200);
  const { credentials } = await site.credentials();
  expect(credentials).toMatchObject([
    { isResidentCredential: true, rpId: 'shop.example.localhost' },
  ]);
  const names = (await page.context().cookies()).map(
    ({ name }) => name,
  );
  expect(names.toSorted()).toEqual([
    '__Host-passkey',
    '__Host-session',
  ]);
});

it('offers the passkey in the field, with a new challenge before the old one is over', async () => {
  await using site = await openSite();
  const { page, log } = site;
  await site.enrol();
  await page.context().clearCookies();
  await site.setPresence(false);

  await page.goto(`${site.shop}?renewMs=200`);
  await waitUntil('the page asks again', () => site.begun() >= 3);
  await site.setPresence(true);
  await page.focus('[name=email]');
  await saysNow(page, 'signed in');

  expect(await me(page)).toBe(200);
  expect(log.entries).toEqual([]);
});

it('is told by the device that it has one already', async () => {
  await using site = await openSite();
  await site.enrol();
  await site.page.click('#add');
  await saysNow(site.page, 'ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED');
});

it('refuses an answer that says the user was not verified', async () => {
  await using site = await openSite();
  const { page, cdp, authenticatorId } = site;
  await site.enrol();
  await cdp.send('WebAuthn.setUserVerified', {
    authenticatorId,
    isUserVerified: false,
  });
  const response = await getByHand(page, {
    challenge: await begin(page),
    rpId: site.rpId,
    // A page of an attacker changes the options.
    userVerification: 'discouraged',
  });
  expect(await finish(page, response)).toBe('passkey_refused');
});

it('refuses the counter of a copy', async () => {
  await using site = await openSite();
  const { page, cdp } = site;
  await site.enrol();
  const { credentials } = await site.credentials();
  await page.click('#passkey');
  await saysNow(page, 'signed in');

  // The copy was made before that sign-in.
  const [copy] = credentials;
  if (!copy) throw new Error('there is no passkey');
  await cdp.send('WebAuthn.clearCredentials', {
    authenticatorId: site.authenticatorId,
  });
  await cdp.send('WebAuthn.addCredential', {
    authenticatorId: site.authenticatorId,
    credential: copy,
  });
  await page.click('#passkey');
  await saysNow(page, 'passkey_refused');
  expect(site.log.entries).toMatchObject([
    { details: { reason: 'counter' } },
  ]);
});

it('lets a subdomain get an answer, which the app refuses', async () => {
  await using site = await openSite();
  const { page, shop, rpId } = site;
  await site.enrol();
  const challenge = await begin(page);
  await page.goto(`http://blog.${new URL(shop).host}/blog`);
  const response = await getByHand(page, { challenge, rpId });
  await page.goto(shop);
  expect(await finish(page, response)).toBe('passkey_refused');
  expect(site.log.entries).toMatchObject([
    { details: { reason: expect.stringContaining('http://blog.') } },
  ]);
});

/** The sign-in page in Chromium, with a virtual authenticator. */
async function openSite() {
  const stack = new AsyncDisposableStack();
  const { pool } = stack.use(await freshDatabase({ schema: SESSIONS }));
  await applySchema(pool);
  const log = createTestLog();
  const port = await findFreePort();
  const shop = `http://shop.example.localhost:${port}`;
  const app = createApp({ pool, origin: shop, log });
  let begun = 0;
  const serve: RequestListener = (request, response) => {
    if (request.url === '/sessions/options') begun += 1;
    if (request.url === '/blog') return void response.end('<p>blog');
    app(request, response);
  };
  stack.use(await listen(serve, { port }));
  const context = await browser.newContext();
  stack.defer(() => context.close());
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  const { authenticatorId } = await cdp.send(
    'WebAuthn.addVirtualAuthenticator',
    {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    },
  );
  await page.goto(shop);

  /** Signs in by password, and adds a passkey. */
  async function enrol() {
    await page.fill('[name=email]', 'ada@example.com');
    await page.fill('[name=password]', PASSWORD);
    await page.click('form button:not([type])');
    await saysNow(page, 'signed in');
    await page.click('#add');
    await saysNow(page, 'added');
  }

  return {
    page,
    shop,
    cdp,
    log,
    authenticatorId,
    rpId: new URL(shop).hostname,
    enrol,
    begun: () => begun,
    credentials: () =>
      cdp.send('WebAuthn.getCredentials', { authenticatorId }),
    setPresence: (enabled: boolean) =>
      cdp.send('WebAuthn.setAutomaticPresenceSimulation', {
        authenticatorId,
        enabled,
      }),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Without the client part: a challenge. */
const begin = (page: Page) =>
  page.evaluate(async () => {
    const answer = await fetch('/sessions/options', { method: 'POST' });
    const { challenge } = await answer.json();
    return `${challenge}`;
  });

type Asked = {
  challenge: string;
  rpId: string;
  userVerification?: 'discouraged';
};

/** The JSON of what the browser returns. */
const getByHand = (page: Page, asked: Asked) =>
  page.evaluate(async ({ challenge, ...options }) => {
    const bytes = Uint8Array.from(
      atob(challenge.replaceAll('-', '+').replaceAll('_', '/')),
      (letter) => letter.charCodeAt(0),
    );
    const publicKey = { ...options, challenge: bytes };
    const credential = await navigator.credentials.get({ publicKey });
    return JSON.stringify(credential);
  }, asked);

/** The code of the answer to a sign-in. */
const finish = (page: Page, response: string) =>
  page.evaluate(async (response) => {
    const answer = await fetch('/sessions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{"response":${response}}`,
    });
    return `${(await answer.json()).code}`;
  }, response);

async function saysNow(page: Page, text: string): Promise<void> {
  await waitUntil(
    `the page says ${text}`,
    async () => (await page.textContent('[role=status]')) === text,
  );
}

const me = (page: Page) =>
  page.evaluate(async () => (await fetch('/me')).status);
