import { launchChromium } from '@touchstone/kit/browser/chromium';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { startProgram } from '@touchstone/kit/programs/program';
import { startNginx } from '@touchstone/kit/proxies/nginx';

/** Two processes of the program behind nginx, and one database. */
export async function startTestSite() {
  const database = await freshDatabase({
    schema: new URL('schema.sql', import.meta.url),
  });
  const first = await startMain(database.url);
  const second = await startMain(database.url);
  const programs = [first, second];
  const nginx = await startNginx({
    site: new URL('nginx.conf', import.meta.url),
    values: {
      APP_1: new URL(first.url).host,
      APP_2: new URL(second.url).host,
    },
  });

  /** The same process as before, or so it looks from outside. */
  async function restart(url: string) {
    const again = await startMain(database.url, new URL(url).port);
    programs.push(again);
    return again;
  }

  async function dispose() {
    await nginx[Symbol.asyncDispose]();
    for (const program of programs)
      await program[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  }
  return {
    url: nginx.url,
    pool: database.pool,
    first,
    second,
    restart,
    [Symbol.asyncDispose]: dispose,
  };
}

function startMain(databaseUrl: string, port = '0') {
  return startProgram(new URL('main.ts', import.meta.url), {
    DATABASE_URL: databaseUrl,
    PORT: port,
    RETRY_MILLISECONDS: '100',
  });
}

/** A tab of Chromium, logged in as the owner of the topic `ride`, that follows it. */
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
    await fetch('/topics/ride', { method: 'PUT' });
    const source = new EventSource('/topics/ride/events');
    const ids: string[] = [];
    source.addEventListener('moved', (event) => {
      ids.push(event.lastEventId);
    });
    Object.assign(window, { source, ids });
  });

  /** How the EventSource stands: 0 connecting, 1 open, 2 closed for ever. */
  const state = () => page.evaluate<number>('source.readyState');
  const ids = () => page.evaluate<string[]>('ids');
  return {
    state,
    ids,
    [Symbol.asyncDispose]: () => browser.close(),
  };
}
