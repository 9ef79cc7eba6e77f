import { AsyncLocalStorage } from 'node:async_hooks';
import { EventEmitter, once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { openPool } from '@touchstone/kit/postgres/database';
import { startPgBouncer } from '@touchstone/kit/postgres/pgbouncer';
import { startPostgres } from '@touchstone/kit/postgres/server';
import { failure } from '@touchstone/kit/testing/failure';
import { waitUntil } from '@touchstone/kit/time/wait';
import type { ClientBase } from 'pg';
import { expect, it } from 'vitest';
import {
  createCarrier,
  readCorrelation,
  receiveCorrelation,
  runWithCorrelation,
} from './correlation.ts';
import { tagTransaction } from './tag-transaction.ts';
import { sendOrder, startTestApp } from './test-app.ts';
import {
  continueTrace,
  createTraceHeaders,
  parseTraceparent,
  parseTracestate,
} from './trace-context.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
const VALID = `00-${TRACE}-${PARENT}-01`;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f-]{17}$/;
const SPAN = /^[0-9a-f]{16}$/;

failure(
  'A request id is invalid: markup, SQL, line breaks, 1 MB, or sent twice',
  {
    symptom:
      'The request gets a new UUID, in its answer and in its lines',
    defence: 'receive',
    remains:
      'A client that sent an invalid id does not find its own id in the log',
  },
  async () => {
    const receive = (id: unknown) =>
      receiveCorrelation({ 'x-request-id': id }).requestId;
    const refused = [
      undefined,
      '',
      'short-7',
      'x'.repeat(65),
      'x'.repeat(1024 * 1024),
      '<script>alert(1)</script>',
      `"'><img src=x>`,
      '*/; delete from orders; --',
      'two\r\nlines-of-text',
      'with space',
      'key:of-a-store',
      'ümlaut-12345',
      ['order-of-ada'],
    ];
    for (const id of refused) expect(receive(id)).toMatch(UUID);
    expect(receive('')).not.toBe(receive(''));
    for (const id of ['order.of_ada~7-', '8-chars.', 'x'.repeat(64)])
      expect(receive(id)).toBe(id);

    await using app = await startTestApp();
    const markup = { headers: { 'x-request-id': '<script>' } };
    const page = await fetch(`${app.url}/sorry`, markup);
    const id = page.headers.get('x-request-id') ?? '';
    expect(id).toMatch(UUID);
    expect(await page.text()).toBe(`<p>Tell us this number: ${id}</p>`);
    const ada = ['X-Request-ID', 'from-ada'];
    const bob = ['x-request-id', 'from-bob'];
    const twice = await sendOrder(app.url, [...ada, ...bob]);
    expect(twice.id).toMatch(UUID);
    const alone = await sendOrder(app.url, ada);
    expect(alone).toEqual({ status: 201, id: 'from-ada' });
  },
);

failure(
  'A traceparent is not valid, of version ff, or all zero',
  {
    symptom: 'The request starts a trace of its own',
    defence: 'parse-traceparent',
    remains:
      'The caller’s trace ends here, and its invalid header is not logged',
  },
  () => {
    const refused = [
      '',
      `${VALID}, ${VALID}`,
      `cc-${TRACE}-${PARENT}-01, ${VALID}`,
      `${VALID}.`,
      `${VALID}-`,
      `${VALID}-future`,
      `${VALID}\n`,
      ` ${VALID}`,
      `00-${TRACE.toUpperCase()}-${PARENT}-01`,
      `00-${TRACE}-${PARENT.toUpperCase()}-01`,
      `00-${TRACE}-${PARENT}-0A`,
      `CC-${TRACE}-${PARENT}-01`,
      `ff-${TRACE}-${PARENT}-01`,
      `ff-${TRACE}-${PARENT}-01-future`,
      `cc-${TRACE}-${PARENT}-01.future`,
      `cc-${TRACE}-${PARENT}-012`,
      `.0-${TRACE}-${PARENT}-01`,
      `000-${TRACE}-${PARENT}-01`,
      `0-${TRACE}-${PARENT}-01`,
      `00-${'0'.repeat(32)}-${PARENT}-01`,
      `00-.${TRACE.slice(1)}-${PARENT}-01`,
      `00-${TRACE}1-${PARENT}-01`,
      `00-${TRACE.slice(1)}-${PARENT}-01`,
      `00-${TRACE}-${'0'.repeat(16)}-01`,
      `00-${TRACE}-.${PARENT.slice(1)}-01`,
      `00-${TRACE}-${PARENT}1-01`,
      `00-${TRACE}-${PARENT.slice(1)}-01`,
      `00-${TRACE}-${PARENT}-.0`,
      `00-${TRACE}-${PARENT}-001`,
      `00-${TRACE}-${PARENT}-1`,
      `00-${TRACE}-${PARENT}`,
    ];
    for (const traceparent of refused) {
      expect([traceparent, parseTraceparent(traceparent)]).toEqual([
        traceparent,
        undefined,
      ]);
      const trace = continueTrace({ traceparent, tracestate: 'a=1' });
      expect(trace).toEqual({
        traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
        spanId: expect.stringMatching(SPAN),
        parentId: null,
        flags: 3,
        tracestate: '',
      });
      expect(trace.traceId).not.toBe(TRACE);
    }
    const almostZero = `00-${'0'.repeat(31)}1-${'0'.repeat(15)}1-01`;
    expect(parseTraceparent(almostZero)).toBeDefined();
    const flags: [rest: string, passedOn: number][] = [
      ['00', 0],
      ['01', 1],
      ['02', 2],
      ['03', 3],
      ['fc', 0],
      ['ff', 3],
      ['01-', 1],
      ['01-future-parts', 1],
    ];
    for (const [rest, passedOn] of flags) {
      const version = rest.length > 2 ? '01' : '00';
      const traceparent = `${version}-${TRACE}-${PARENT}-${rest}`;
      const trace = continueTrace({ traceparent, tracestate: 'a=1' });
      expect(trace).toEqual({
        traceId: TRACE,
        parentId: PARENT,
        spanId: expect.stringMatching(SPAN),
        flags: passedOn,
        tracestate: 'a=1',
      });
      expect(createTraceHeaders(trace)).toEqual({
        traceparent: expect.stringMatching(
          new RegExp(`^00-${TRACE}-[0-9a-f]{16}-0${passedOn}$`),
        ),
        tracestate: 'a=1',
      });
    }
  },
);

failure(
  'A tracestate is not valid, or too long to pass on',
  {
    symptom:
      'It is left out as a whole; of a long one at most 512 characters go on',
    defence: 'parse-tracestate',
    remains:
      'A tracing system that comes late in a long list loses its entry',
  },
  () => {
    const members = (count: number) =>
      Array.from({ length: count }, (_, index) => `bar${index}=1`);
    const long = (name: string, length: number) =>
      `${name}=${'v'.repeat(length - name.length - 1)}`;
    const refused = [
      'foo',
      'foo=',
      'foo=1,bar',
      '=1',
      'foo =1',
      'FOO=1',
      'foo.bar=1',
      'foo=bar=baz',
      'foo=\u00e9',
      'foo=\u007f',
      'foo=1\n',
      '@foo=1,bar=2',
      members(33).join(','),
      `foo=1,${'z'.repeat(257)}=1`,
      `foo=${'v'.repeat(257)}`,
    ];
    for (const tracestate of refused) {
      const trace = continueTrace({ traceparent: VALID, tracestate });
      expect([tracestate, trace.tracestate]).toEqual([tracestate, '']);
    }

    const keyCharacters = 'abcdefghijklmnopqrstuvwxyz0123456789_-*/@';
    const value = Array.from({ length: 95 }, (_, code) =>
      String.fromCharCode(code + 0x20),
    ).filter((character) => !',='.includes(character));
    const three = ['a', 'b', 'c'].map((name) => long(name, 128));
    const accepted: string[][] = [
      [''],
      ['foo=1', 'foo=2'],
      ['1foo=1', 'foo@=1', 'foo@@1=3'],
      [`${keyCharacters}=${value.join('')}`],
      [`0${keyCharacters}=1`],
      ['foo=1', `${'z'.repeat(256)}=1`],
      [`foo=${'v'.repeat(256)}`],
      members(32),
      [long('a', 256), long('b', 255)], // 512 characters
    ];
    for (const list of accepted)
      expect(parseTracestate(list.join(','))).toBe(list.join(','));
    expect(parseTracestate(' \tfoo=1 \t , \t bar= 2 3,, ')).toBe(
      'foo=1,bar= 2 3',
    );
    const many = `${members(32).join(',')},,`;
    expect(parseTracestate(many)).toBe(members(32).join(','));

    const shortened: [from: string[], to: string[]][] = [
      // Of 513, what is longer than 128 goes first,
      [
        [long('a', 129), long('b', 128), long('c', 254)],
        [long('b', 128)],
      ],
      [
        [long('z', 129), ...three, long('d', 125)],
        [...three, long('d', 125)],
      ],
      // then what is at the end.
      [[long('z', 129), ...three, long('d', 126)], three],
      [[...three, long('d', 128), long('e', 128)], three],
    ];
    for (const [from, to] of shortened)
      expect(parseTracestate(from.join(','))).toBe(to.join(','));
  },
);

failure(
  'An outside client chooses the ids, or asks for all requests to be sampled',
  {
    symptom:
      'Without `trustCallers`, each request gets new ids and your sample rate',
    defence: 'correlate-requests',
    remains:
      'Behind the edge, the headers are trusted: remove them from other networks',
  },
  async () => {
    await using app = await startTestApp({ trustCallers: false });
    const known = ['traceparent', VALID, 'x-request-id', 'from-eve'];
    const { id } = await sendOrder(app.url, known);
    expect(id).toMatch(UUID);
    await waitUntil('all is logged', () => app.lines.length === 3);
    for (const { context } of app.lines) {
      expect(context).toMatchObject({ requestId: id, parentId: null });
      expect(context.traceId).not.toBe(TRACE);
    }

    const share = (rate: number) => {
      const flags = Array.from(
        { length: 2000 },
        () => receiveCorrelation({}, rate).flags,
      );
      expect(new Set([2, 3])).toEqual(new Set([2, 3, ...flags]));
      return flags.filter((flag) => flag === 3).length / 2000;
    };
    expect([share(0), share(1)]).toEqual([0, 1]);
    expect(share(0.25)).toBeGreaterThan(0.15);
    expect(share(0.25)).toBeLessThan(0.35);
    const unsampled = { traceparent: VALID.replace(/01$/, '00') };
    expect(receiveCorrelation(unsampled, 1).flags).toBe(0);
  },
);

failure(
  'A call to another service, or a job that runs later, loses the trace',
  {
    symptom:
      'Both carry the ids; each is a part of its own, and a line names it',
    defence: 'send',
    remains:
      'A client that sends no headers of yours must be wrapped: `createCarrier()`',
  },
  async () => {
    await using app = await startTestApp();
    const known = ['traceparent', VALID, 'x-request-id', 'from-ada'];
    await sendOrder(app.url, [...known, 'tracestate', 'a=1']);
    await app.orders.runNextJob();
    await waitUntil('all is logged', () => app.lines.length === 4);

    const [call] = app.calls;
    expect(call).toMatchObject({
      'x-request-id': 'from-ada',
      tracestate: 'a=1',
      traceparent: expect.stringMatching(
        new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`),
      ),
    });
    for (const { context } of app.lines)
      expect(context).toMatchObject({
        requestId: 'from-ada',
        traceId: TRACE,
        spanId: expect.stringMatching(SPAN),
      });
    const find = (message: string) =>
      app.lines.find((line) => line.message === message);
    expect(find('request ended')?.context.parentId).toBe(PARENT);
    // From the line of the callee to that of its caller:
    expect(find('stock asked')?.details?.call).toBe(call?.traceparent);
    const job = `${find('order placed')?.details?.job}`;
    expect(find('invoice made')?.context.parentId).toBe(
      parseTraceparent(job)?.parentId,
    );
    const spans = app.lines.map(({ context }) => context.spanId);
    const parents = [
      call?.traceparent?.slice(36, 52),
      job.slice(36, 52),
    ];
    expect(new Set([...spans, ...parents, PARENT]).size).toBe(5);

    expect([createCarrier(), readCorrelation()]).toEqual([
      {},
      undefined,
    ]);
    const fresh = runWithCorrelation(
      receiveCorrelation(undefined),
      createCarrier,
    );
    expect(Object.keys(fresh)).toEqual(['traceparent', 'x-request-id']);
  },
);

failure(
  'A job comes from an older release, or its stored ids were changed',
  {
    symptom: 'The job runs, with new ids for what is not valid',
    defence: 'run-job',
    remains:
      'Valid ids of another request are trusted: protect the table',
  },
  async () => {
    await using app = await startTestApp();
    const rubbish = [
      'null',
      '7',
      '"text"',
      '[]',
      '{}',
      '{"traceparent":7,"tracestate":8,"x-request-id":12345678}',
      `{"traceparent":["${VALID}"],"x-request-id":["from-ada"]}`,
      `{"traceparent":"${VALID}","tracestate":{"toString":1}}`,
    ];
    for (const carrier of [null, ...rubbish])
      await app.pool.query(
        `with placed as (
           insert into orders (sku) values ('shoes') returning id
         )
         insert into order_jobs (order_id, carrier)
         select id, $1 from placed`,
        [carrier],
      );
    for (const _ of [null, ...rubbish]) await app.orders.runNextJob();
    expect(app.lines).toHaveLength(1 + rubbish.length);
    for (const { context } of app.lines)
      expect(context.requestId).toMatch(UUID);
    const traces = app.lines.map(({ context }) => context.traceId);
    expect(traces.indexOf(TRACE)).toBe(rubbish.length);
  },
);

const CARRIER = { traceparent: VALID, 'x-request-id': 'from-ada' };
const tag = (client: ClientBase, service: string) =>
  runWithCorrelation(receiveCorrelation(CARRIER), () =>
    tagTransaction(client, service),
  );
const readName = async (client: ClientBase) => {
  const { rows } = await client.query<{ name: string }>(
    `select application_name as name from pg_stat_activity
     where pid = pg_backend_pid()`,
  );
  return rows[0]?.name;
};

failure(
  'A slow query cannot be traced to its request',
  {
    symptom:
      '`pg_stat_activity` and the server’s log show trace and service, until the transaction ends',
    defence: 'tag-transaction',
    remains:
      'One more round trip for each transaction; outside a transaction it has no effect',
  },
  async () => {
    await using app = await startTestApp();
    const client = await app.pool.connect();
    const before = await readName(client);
    for (const end of ['commit', 'rollback']) {
      await client.query('begin');
      await tag(client, 'shop');
      expect(await readName(client)).toBe(`${TRACE} shop`);
      await client.query(end);
      expect(await readName(client)).toBe(before);
    }
    const names = [
      ["x'; delete from orders; --", "x'; delete from orders; --"],
      ['größe', 'gr\\xc3\\xb6\\xc3\\x9fe'],
      [
        '注文サービス'.repeat(9),
        '\\xe6\\xb3\\xa8\\xe6\\x96\\x87\\xe3\\x82\\xb',
      ],
    ];
    for (const [service = '', shown] of names) {
      await client.query('begin');
      await tag(client, service);
      const name = (await readName(client)) ?? '';
      expect(`${TRACE} ${shown}`.startsWith(name)).toBe(true);
      expect(name.length).toBeGreaterThan(TRACE.length);
      await client.query('rollback');
    }
    await client.query('begin');
    await client.query('select 1 / 0').catch(() => {});
    await expect(tag(client, 'shop')).rejects.toThrow(
      'transaction is aborted',
    );
    await client.query('rollback');

    await tag(client, 'outside of a transaction');
    expect(await readName(client)).toBe(before);
    await client.query('begin');
    await tagTransaction(client, 'outside of a request');
    expect(await readName(client)).toBe(before);
    await client.query('rollback');
    client.release();
  },
);

it('shows the trace of a slow statement in the log of Postgres, with %a', async () => {
  await using server = await startPostgres();
  await using database = openPool(server.url);
  const client = await database.pool.connect();
  await client.query(`alter system set log_line_prefix = '[%a] '`);
  await client.query('alter system set log_min_duration_statement = 0');
  await client.query('select pg_reload_conf()');
  const read = () =>
    readFileSync(join(server.folder, 'postgres.log'), 'utf8');
  await waitUntil('the statement is in the log', async () => {
    await client.query('begin');
    await tag(client, 'shop');
    await client.query('select 1 as slow');
    await client.query('commit');
    return read().includes(`[${TRACE} shop] LOG`);
  });
  const lines = read().split('\n');
  expect(
    lines.find((line) => line.includes('select 1 as slow')),
  ).toMatch(new RegExp(`^\\[${TRACE} shop\\] LOG`));
  client.release();
});

it('leaves no tag for the next client of a PgBouncer in transaction mode', async () => {
  await using app = await startTestApp();
  const databaseUrl = app.databaseUrl;
  await using bouncer = await startPgBouncer({
    databaseUrl,
    poolSize: 1,
  });
  await using database = openPool(bouncer.url);
  const { pool } = database;
  const [ada, bob] = [await pool.connect(), await pool.connect()];
  const before = await readName(bob);
  for (const end of ['commit', 'rollback']) {
    await ada.query('begin');
    await tag(ada, 'shop');
    expect(await readName(ada)).toBe(`${TRACE} shop`);
    await ada.query(end);
    expect([await readName(bob), await readName(ada)]).toEqual([
      before,
      before,
    ]);
  }
  await ada.query('begin');
  await tag(ada, 'shop');
  ada.release(true);
  expect(await readName(bob)).toBe(before);
  bob.release();
});

it('shows why no comment carries the id: a named statement may have one text only', async () => {
  await using app = await startTestApp();
  const client = await app.pool.connect();
  const select = (id: string) =>
    client.query({ name: 'find', text: `select 1 /* ${id} */` });
  await select('ada');
  await expect(select('bob')).rejects.toThrow(
    'Prepared statements must be unique',
  );
  client.release();
});

failure(
  'An event handler runs with the ids of another request, or none',
  {
    symptom:
      'With `AsyncLocalStorage.bind`, its lines have the ids of its own request',
    defence: 'receive-upload',
    remains:
      'You must bind each such handler: of uploads, of shared emitters, of batches',
  },
  async () => {
    const emitter = new EventEmitter();
    const read = () => readCorrelation()?.requestId;
    const seen: Record<string, string | undefined> = {};
    const receive = (id: string) =>
      receiveCorrelation({ 'x-request-id': id });
    runWithCorrelation(receive('from-ada'), () => {
      emitter.once('ready', () => {
        seen.loose = read();
      });
      const bound = AsyncLocalStorage.bind(() => {
        seen.bound = read();
      });
      emitter.once('ready', bound);
    });
    await runWithCorrelation(receive('from-bob'), async () => {
      await Promise.resolve();
      emitter.emit('ready');
    });
    expect(seen).toEqual({ loose: 'from-bob', bound: 'from-ada' });

    await using app = await startTestApp();
    const ids = ['from-ada', 'from-bob', 'from-eve'];
    const body = Buffer.alloc(300_000);
    for (const id of ids) {
      const headers = { 'x-request-id': id };
      const send = { method: 'POST', headers, body };
      await fetch(`${app.url}/uploads`, send);
    }
    await Promise.all(
      ids.map((id) => sendOrder(app.url, ['x-request-id', id])),
    );
    await waitUntil('all ended', () => app.lines.length === 15);
    for (const id of ids) {
      const own = app.lines.filter(
        ({ context }) => context.requestId === id,
      );
      expect(own.map(({ message }) => message).toSorted()).toEqual([
        'order placed',
        'request ended',
        'request ended',
        'stock asked',
        'upload received',
      ]);
    }
  },
);

failure(
  'A client sends the same ids with each request',
  {
    symptom: 'Each request has a span id of its own',
    defence: 'receive',
    remains:
      'Use a request id only for search, never as a key, a proof or a permission',
  },
  async () => {
    await using app = await startTestApp();
    const same = ['x-request-id', 'always-me', 'traceparent', VALID];
    await sendOrder(app.url, same);
    await sendOrder(app.url, same);
    await waitUntil('all ended', () => app.lines.length === 6);
    const spans = app.lines.map(({ context }) => context.spanId);
    expect(new Set(spans).size).toBe(2);
  },
);

it('logs the end of a request whose caller gave up, with its ids', async () => {
  await using app = await startTestApp();
  const headers = {
    'x-request-id': 'from-ada',
    expect: '100-continue',
  };
  const call = request(`${app.url}/uploads`, {
    method: 'POST',
    headers,
  });
  call.on('error', () => {}).flushHeaders();
  await once(call, 'continue');
  call.destroy();
  await waitUntil('it ended', () => app.lines.length === 1);
  expect(app.lines[0]).toMatchObject({
    message: 'request ended',
    context: { requestId: 'from-ada' },
    details: { sent: false },
  });
});

it('logs the call that failed, and answers 500', async () => {
  await using app = await startTestApp({ stockStatus: 503 });
  const { status, id } = await sendOrder(app.url);
  expect(status).toBe(500);
  await waitUntil('all is logged', () => app.lines.length === 4);
  expect(app.lines).toContainEqual(
    expect.objectContaining({
      message: 'stock asked',
      context: expect.objectContaining({ requestId: id }),
      details: { status: 503, call: app.calls[0]?.traceparent },
    }),
  );
});
