import type { ViteDevServer } from 'vite';
import { expect, it } from 'vitest';
import type { Finding } from '../../scripts/engine/findings.ts';
import { showFindings } from './show-findings.ts';

const stale: Finding = {
  code: 'proof-stale',
  file: 'patterns/jobs/outbox.md',
  line: 1,
  column: 1,
  message: 'the proof is of other sources',
  fix: 'npm run prove -- jobs/outbox',
};
const missing: Finding = {
  code: 'region-missing',
  file: 'patterns/jobs/outbox.md',
  line: 30,
  column: 7,
  message: 'outbox.ts has no region clam',
  hint: 'did you mean claim?',
  fix: 'name a region that is there',
};

it('prints only what is new, and says when all fixed', () => {
  const { tell, printed } = setUp();

  tell('jobs/outbox', [stale]);
  tell('jobs/outbox', [{ ...stale, line: 2 }]);
  tell('jobs/outbox', [stale, missing]);
  tell('jobs/outbox', []);

  expect(printed).toEqual([
    'jobs/outbox: 1 to fix\n\npatterns/jobs/outbox.md:1:1 proof-stale\n  the proof is of other sources\n  → npm run prove -- jobs/outbox',
    'jobs/outbox: 2 to fix\n\npatterns/jobs/outbox.md:30:7 region-missing\n  outbox.ts has no region clam\n  did you mean claim?\n  → name a region that is there',
    'jobs/outbox: all fixed',
  ]);
});

it('covers the page only for what spoils it, a page that is opened later too, until it is fixed', () => {
  const { tell, sent, connect } = setUp();

  tell('jobs/outbox', [stale]);
  expect(sent).toEqual([]);
  tell('jobs/outbox', [stale, missing]);
  connect();
  tell('jobs/outbox', [stale]);
  connect();

  expect(sent).toEqual(['error', 'error', 'full-reload']);
});

function setUp() {
  const printed: string[] = [];
  const sent: string[] = [];
  const print = (text: string) => printed.push(text);
  const client = { send: ({ type }: { type: string }) => sent.push(type) };
  let connect = () => {};
  const hot = {
    ...client,
    on: (_event: string, listener: (data: undefined, client: unknown) => void) => {
      connect = () => listener(undefined, client);
    },
  };
  const server = {
    config: { logger: { warn: print, info: print } },
    environments: { client: { hot } },
  };
  const tell = showFindings(server as unknown as ViteDevServer);
  return { tell, printed, sent, connect: () => connect() };
}
