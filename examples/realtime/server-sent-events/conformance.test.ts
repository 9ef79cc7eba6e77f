import type { IncomingMessage, ServerResponse } from 'node:http';
import { listen } from '@touchstone/kit/app/http';
import { launchChromium } from '@touchstone/kit/browser/chromium';
import {
  createParser,
  type EventSourceMessage,
} from 'eventsource-parser';
import { expect, it } from 'vitest';
import { createEventLog } from './event-log.ts';
import { beginStream, sendAway } from './stream-response.ts';
import { openDatabase } from './test-app.ts';

// Rules of the EventSource tests of web-platform-tests that this server
// relies on, in Chromium: request-status-error, format-mime-valid-bogus,
// format-field-id, format-comments and eventsource-reconnect.

const OPEN_AGAIN = 0;
const CLOSED_FOR_EVER = 2;

it('a browser gives up at an error, and comes back when a stream ends', async () => {
  await using browser = await openBrowser(answer);
  const paths = ['204', '404', '500', '502', '503', 'another-type'];

  const states = await browser.evaluate(`
    Promise.all(${JSON.stringify([...paths, 'send-away'])}.map((path) =>
      new Promise((resolve) => {
        const source = new EventSource('/' + path);
        source.onerror = () => {
          resolve(source.readyState);
          source.close();
        };
      })))`);

  const closed = paths.map(() => CLOSED_FOR_EVER);
  expect(states).toEqual([...closed, OPEN_AGAIN]);
});

it('a browser comes back with an id that had no data, and saw no event', async () => {
  const asked: (string | undefined)[] = [];
  await using browser = await openBrowser((request, response) => {
    if (request.url !== '/events') return answer(request, response);
    asked.push(request.headers['last-event-id']?.toString());
    beginStream(response, 10, 41);
    response.write(':\n\n');
    if (asked.length === 1) return void response.end();
    response.write('id: 42\nevent: moved\ndata: 1\n\n');
  });

  const seen = await browser.evaluate(`
    new Promise((resolve) => {
      const source = new EventSource('/events');
      source.onmessage = () => resolve('an event of no type');
      source.addEventListener('moved', ({ lastEventId }) => {
        resolve(lastEventId);
        source.close();
      });
    })`);

  expect(seen).toBe('42');
  expect(asked).toEqual([undefined, '41']);
});

it('an independent parser reads each event as it was appended', async () => {
  await using database = await openDatabase();
  const { append, read } = createEventLog({ db: database.pool });
  const texts = ['', ' ', ':', '\uFEFF', '\0', '\r', '\n\n', '\u2028'];
  for (const data of [...texts, 'data: x\n\n', '🚲', { id: 1 }, null])
    await append({ topic: 'ride', type: 'moved', data });
  const events: EventSourceMessage[] = [];
  const parser = createParser({
    onEvent: (event) => events.push(event),
  });

  parser.feed(`${(await read('ride', 0)).bytes}`);

  const { rows } = await database.pool.query(
    `select id, type as event, data
     from events
     order by id`,
  );
  expect(events).toEqual(rows);
  expect(JSON.parse(events[3]?.data ?? '')).toBe('\uFEFF');
});

function answer({ url }: IncomingMessage, response: ServerResponse) {
  const status = Number(url?.slice(1));
  if (url === '/send-away') return sendAway(response, 10_000);
  if (url === '/another-type')
    response.setHeader('content-type', 'text/x-bogus');
  else response.setHeader('content-type', 'text/event-stream');
  response.writeHead(status || 200).end('data: 1\n\n');
}

async function openBrowser(
  respond: (request: IncomingMessage, response: ServerResponse) => void,
) {
  const stack = new AsyncDisposableStack();
  const server = stack.use(await listen(respond, { graceSeconds: 0 }));
  const browser = await launchChromium();
  stack.defer(() => browser.close());
  const page = await browser.newPage();
  await page.goto(server.url);
  return {
    evaluate: (script: string) => page.evaluate<unknown>(script),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
