import type { RequestListener } from 'node:http';
import { listen } from '@touchstone/kit/app/http';
import { launchChromium } from '@touchstone/kit/browser/chromium';
import { findFreePort } from '@touchstone/kit/programs/free-port';
import type { Page } from 'playwright-core';
import { afterAll, expect, it } from 'vitest';
import { createApp } from './app.ts';
import { PASSWORD } from './authenticate.ts';
import { giveToken, readToken } from './session-cookie.ts';
import { openTestStore } from './test-stores.ts';

const browser = await launchChromium();
afterAll(() => browser.close());

const ADA = { email: 'ada@example.com', password: PASSWORD };
const EVE = { email: 'eve@example.com', password: PASSWORD };
const refused = { status: 403 };
const TOSSED = ['session', '__Host-session'].map((name) => {
  return `${name}=evil; Secure; Domain=example.localhost; Path=/`;
});

it('hides the cookie from scripts, and sends it from pages of the app', async () => {
  await using site = await openSite();
  const { page, seen } = site;

  expect(await page.evaluate(() => document.cookie)).toBe('');
  expect(await page.context().cookies()).toEqual([
    {
      name: '__Host-session',
      value: expect.stringMatching(/^[\w-]{43}$/),
      domain: 'shop.example.localhost',
      path: '/',
      expires: expect.any(Number),
      httpOnly: true,
      secure: true,
      sameSite: 'Lax',
    },
  ]);
  expect(await post(page, '/sessions', ADA)).toBe(201);
  expect(seen.at(-1)).toMatchObject({
    site: 'same-origin',
    hasCookie: true,
  });
});

it('leaves the cookie out when another site posts, and is refused', async () => {
  await using site = await openSite();
  const { page, seen, shop } = site;
  const before = await page.context().cookies();
  await page.goto(site.evil);

  await postBlindly(page, `${shop}/sessions/current/factors`);
  const forged = { site: 'cross-site', hasCookie: false };
  expect(seen.at(-1)).toMatchObject({ ...refused, ...forged });

  // Lax: a link from there is logged in, so a GET must change nothing.
  await followLink(page, `${shop}/me`);
  expect(seen.at(-1)).toMatchObject({
    status: 200,
    site: 'cross-site',
    hasCookie: true,
  });
  expect(await page.context().cookies()).toEqual(before);
});

it('would take the cookie of a login that another site posts, which the app refuses', async () => {
  await using site = await openSite();
  const { page, shop } = site;
  const before = await page.context().cookies();

  await page.goto(site.evil);
  await postForm(page, `${shop}/sessions`, EVE);
  expect(site.seen.at(-1)).toMatchObject(refused);
  expect(await page.context().cookies()).toEqual(before);

  // SameSite does not prevent it.
  await page.goto(site.evil);
  await postForm(page, `${shop}/unguarded`, EVE);
  expect(await page.context().cookies()).toMatchObject([
    { name: '__Host-session', value: 'eve' },
  ]);
});

it('sends the cookie when a subdomain posts, and is refused', async () => {
  await using site = await openSite();
  const { page, seen, shop } = site;
  await page.goto(site.blog);

  await postBlindly(page, `${shop}/sessions/current/factors`);

  expect(seen.at(-1)).toMatchObject({
    ...refused,
    site: 'same-site',
    hasCookie: true,
  });
});

it('takes no cookie of that name from a subdomain', async () => {
  await using site = await openSite();
  const { page } = site;
  const [session] = await page.context().cookies();

  await page.goto(`${site.blog}/tosses-cookies`);

  const cookies = await page.context().cookies();
  expect(cookies).toHaveLength(2);
  expect(cookies).toContainEqual(session);
  expect(cookies).toContainEqual(
    expect.objectContaining({
      name: 'session',
      value: 'evil',
      domain: '.example.localhost',
    }),
  );
});

/** Chromium at the app, logged in as Ada, and pages at two other hosts. */
async function openSite() {
  const stack = new AsyncDisposableStack();
  const store = stack.use(await openTestStore({ store: 'postgres' }));
  const port = await findFreePort();
  // Chromium takes Secure cookies from localhost without TLS.
  const shop = `http://shop.example.localhost:${port}`;
  const health = { answer: () => false };
  const app = createApp({ ...store, origin: shop, health });
  const seen: object[] = [];

  const serve: RequestListener = (request, response) => {
    if (request.url === '/') return void response.end('<p>shop</p>');
    if (request.url === '/unguarded')
      return void response
        .writeHead(200, { 'set-cookie': giveToken('eve', 60) })
        .end();
    const { headers } = request;
    response.on('finish', () => {
      seen.push({
        status: response.statusCode,
        site: headers['sec-fetch-site'],
        hasCookie: readToken(headers.cookie) !== undefined,
      });
    });
    app(request, response);
  };
  stack.use(await listen(serve, { port }));
  const others = stack.use(
    await listen((request, response) => {
      response.setHeader('content-type', 'text/html');
      if (request.url === '/tosses-cookies')
        response.setHeader('set-cookie', TOSSED);
      response.end('<p>another page</p>');
    }),
  );
  const { port: otherPort } = new URL(others.url);

  const context = await browser.newContext();
  stack.defer(() => context.close());
  const page = await context.newPage();
  await page.goto(shop);
  expect(await post(page, '/sessions', ADA)).toBe(201);
  return {
    page,
    shop,
    seen,
    blog: `http://blog.example.localhost:${otherPort}`,
    evil: `http://evil.localhost:${otherPort}`,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

function post(page: Page, path: string, body: object): Promise<number> {
  return page.evaluate(
    async ([path, body]) => {
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(path, {
        method: 'POST',
        headers,
        body,
      });
      return answer.status;
    },
    [path, JSON.stringify(body)] as const,
  );
}

/** What a page may send to another host without asking. */
function postBlindly(page: Page, url: string) {
  return page.evaluate(async (url) => {
    await fetch(url, {
      method: 'POST',
      mode: 'no-cors',
      credentials: 'include',
    });
  }, url);
}

/** A form whose text is JSON: `{"email":…,"password":…,"x":"="}`. */
async function postForm(page: Page, url: string, body: object) {
  const name = `${JSON.stringify(body).slice(0, -1)},"x":"`;
  await page.setContent(
    `<form method="post" enctype="text/plain" action="${url}">
       <input name='${name}' value='"}'><button>Go</button>
     </form>`,
  );
  await page.click('button');
  await page.waitForURL(url);
}

async function followLink(page: Page, url: string) {
  await page.setContent(`<a href="${url}">Go</a>`);
  await page.click('a');
  await page.waitForURL(url);
}
