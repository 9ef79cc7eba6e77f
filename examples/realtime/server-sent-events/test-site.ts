import { launchChromium } from '@touchstone/kit/browser/chromium';
import { startProgram } from '@touchstone/kit/programs/program';
import { startNginx } from '@touchstone/kit/proxies/nginx';
import { openDatabase } from './test-app.ts';

/** Two processes of the program behind nginx, and one database. */
export async function startTestSite() {
  const stack = new AsyncDisposableStack();
  const { pool, url } = stack.use(await openDatabase());

  /** At a port that was used before, it looks like the same process. */
  async function start(port = '0') {
    const main = new URL('main.ts', import.meta.url);
    const settings = { DATABASE_URL: url, PORT: port };
    return stack.use(await startProgram(main, settings));
  }

  const first = await start();
  const second = await start();
  const nginx = stack.use(
    await startNginx({
      site: new URL('nginx.conf', import.meta.url),
      values: {
        APP_1: new URL(first.url).host,
        APP_2: new URL(second.url).host,
      },
    }),
  );
  return {
    url: nginx.url,
    pool,
    first,
    second,
    restart: (url: string) => start(new URL(url).port),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** A tab of Chromium, logged in as the owner of the ride `ride`, that follows it. */
export async function openBrowserReader(url: string) {
  const browser = await launchChromium();
  const page = await browser.newPage();
  await page.goto(url);
  await page.evaluate(async () => {
    await fetch('/sessions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"name":"ada"}',
    });
    await fetch('/rides/ride', { method: 'PUT' });
    const source = new EventSource('/rides/ride/events');
    const ids: string[] = [];
    source.addEventListener('moved', (event) => {
      ids.push(event.lastEventId);
    });
    Object.assign(window, { source, ids });
  });

  return {
    /** 0 connecting, 1 open, 2 closed for ever. */
    state: () => page.evaluate<number>('source.readyState'),
    ids: () => page.evaluate<string[]>('ids'),
    [Symbol.asyncDispose]: () => browser.close(),
  };
}
