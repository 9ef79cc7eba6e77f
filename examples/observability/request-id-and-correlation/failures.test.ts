import { AsyncLocalStorage } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import { failure } from '@touchstone/kit/testing/failure';
import { waitUntil } from '@touchstone/kit/time/wait';
import { expect, it } from 'vitest';
import {
  createCarrier,
  readCorrelation,
  receiveCorrelation,
  runWithCorrelation,
} from './correlation.ts';
import { createSampledLog } from './sampled-log.ts';
import { tagTransaction } from './tag-transaction.ts';
import { createTestLog, sendOrder, startTestApp } from './test-app.ts';
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

failure(
  'A request id is rubbish: markup, SQL, line breaks, 1 MB, or sent twice',
  {
    symptom:
      'The request gets a new UUID, in its answer and in its lines',
    defence: 'receive',
    remains:
      'The client that sent the rubbish does not find its own id',
  },
  async () => {
    const receive = (id?: string | string[]) =>
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
      'ümlaut-12345',
      ['order-of-ada', 'order-of-bob'],
      [],
    ];
    for (const id of refused) expect(receive(id)).toMatch(UUID);
    expect(receive()).not.toBe(receive());
    for (const id of ['order.of_ada~7-', '8-chars.', 'x'.repeat(64)])
      expect([receive(id), receive([id])]).toEqual([id, id]);

    await using app = await startTestApp();
    const markup = { headers: { 'x-request-id': '<script>' } };
    const page = await fetch(`${app.url}/sorry`, markup);
    const id = page.headers.get('x-request-id') ?? '';
    expect(id).toMatch(UUID);
    expect(await page.text()).toBe(`<p>Tell us this number: ${id}</p>`);
    const twice = [
      'x-request-id',
      'from-ada',
      'x-request-id',
      'from-bob',
    ];
    expect((await sendOrder(app.url, twice)).id).toMatch(UUID);
    const once = await sendOrder(app.url, ['X-Request-ID', 'from-ada']);
    expect(once).toEqual({ status: 201, id: 'from-ada' });
  },
);

failure(
  'A traceparent is not valid, of version ff, or all zero',
  {
    symptom: 'The request starts a trace of its own',
    defence: 'parse-traceparent',
    remains:
      'The caller’s trace ends here: its broken header is not logged',
  },
  () => {
    const refused = [
      undefined,
      '',
      [],
      [VALID, VALID],
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
      `0.-${TRACE}-${PARENT}-01`,
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
      `00-${TRACE}-${PARENT}-0.`,
      `00-${TRACE}-${PARENT}-001`,
      `00-${TRACE}-${PARENT}-1`,
      `00-${TRACE}-${PARENT}`,
      `${TRACE}-${PARENT}-01`,
    ];
    for (const header of refused) {
      expect([header, parseTraceparent(header)]).toEqual([
        header,
        undefined,
      ]);
      const trace = continueTrace({
        traceparent: header,
        tracestate: 'a=1',
      });
      expect(trace).toEqual({
        traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
        spanId: expect.stringMatching(/^[0-9a-f]{16}$/),
        sampled: true,
        random: true,
        tracestate: '',
      });
      expect(trace.traceId).not.toBe(TRACE);
    }
    const parsed = { traceId: TRACE, parentId: PARENT };
    const accepted = [
      VALID,
      [VALID],
      `01-${TRACE}-${PARENT}-01`,
      `cc-${TRACE}-${PARENT}-01-`,
      `cc-${TRACE}-${PARENT}-01-future-parts`,
      `f0-${TRACE}-${PARENT}-ff`,
    ];
    for (const header of accepted)
      expect(parseTraceparent(header)).toMatchObject({
        ...parsed,
        sampled: true,
      });
    const flags: [string, boolean, boolean][] = [
      ['00', false, false],
      ['01', true, false],
      ['02', false, true],
      ['03', true, true],
      ['fc', false, false],
      ['ff', true, true],
    ];
    for (const [text, sampled, random] of flags) {
      const traceparent = `00-${TRACE}-${PARENT}-${text}`;
      expect(parseTraceparent(traceparent)).toEqual({
        ...parsed,
        sampled,
        random,
      });
      // Flags that no version defines are not passed on.
      const sent = createTraceHeaders(continueTrace({ traceparent }));
      const known = Number.parseInt(text, 16) % 4;
      expect(sent.traceparent.slice(-3)).toBe(`-0${known}`.slice(-3));
    }
    const almostZero = `00-${'0'.repeat(31)}1-${'0'.repeat(15)}1-01`;
    expect(parseTraceparent(almostZero)?.sampled).toBe(true);
    const trace = continueTrace({
      traceparent: VALID,
      tracestate: 'a=1',
    });
    expect(trace).toEqual({
      traceId: TRACE,
      parentId: PARENT,
      spanId: expect.stringMatching(/^[0-9a-f]{16}$/),
      sampled: true,
      random: false,
      tracestate: 'a=1',
    });
    expect(trace.spanId).not.toBe(PARENT);
  },
);

failure(
  'A tracestate is not valid, or too long to pass on',
  {
    symptom:
      'It is left out as a whole; of a long one the first 512 characters go on',
    defence: 'parse-tracestate',
    remains:
      'A tracing system that comes late in a long list loses its entry',
  },
  () => {
    const members = (count: number) =>
      Array.from(
        { length: count },
        (_, index) => `bar${index}=${index}`,
      );
    const long = (name: string, length: number) =>
      `${name}=${'v'.repeat(length - name.length - 1)}`;
    const refused = [
      'foo',
      'foo=',
      'foo=1,bar=',
      'foo=1,bar',
      '=1',
      'foo =1',
      'FOO=1',
      'foo.bar=1',
      'foo=bar=baz',
      'foo=\u00e9',
      'foo=\u007f',
      '@foo=1,bar=2',
      'Foo@a=1',
      members(33).join(','),
      `foo=1,${'z'.repeat(257)}=1`,
      `foo=${'v'.repeat(257)}`,
    ];
    for (const header of refused)
      expect([header, parseTracestate(header)]).toEqual([header, '']);

    const characters = 'abcdefghijklmnopqrstuvwxyz0123456789_-*/';
    const value = Array.from({ length: 95 }, (_, code) =>
      String.fromCharCode(code + 0x20),
    ).filter((character) => !',='.includes(character));
    const three = ['a', 'b', 'c'].map((name) => long(name, 128));
    const accepted: [string | string[] | undefined, string][] = [
      [undefined, ''],
      ['', ''],
      ['foo=1,bar=2', 'foo=1,bar=2'],
      [['foo=1', '', 'bar=2,rojo=3'], 'foo=1,bar=2,rojo=3'],
      ['foo=1,foo=2', 'foo=1,foo=2'],
      ['1foo=1,foo@=1,foo@@1=3', '1foo=1,foo@=1,foo@@1=3'],
      [' \tfoo=1 \t , \t bar= 2 3,, ', 'foo=1,bar= 2 3'],
      [
        `${characters}=${value.join('')}`,
        `${characters}=${value.join('')}`,
      ],
      [`0${characters}@a-z0-9_-*/=1`, `0${characters}@a-z0-9_-*/=1`],
      [`foo=1,${'z'.repeat(256)}=1`, `foo=1,${'z'.repeat(256)}=1`],
      [`foo=${'v'.repeat(256)}`, `foo=${'v'.repeat(256)}`],
      [members(32).join(','), members(32).join(',')],
      // 512 characters fit; of 513, what is longer than 128 goes first.
      [
        [long('a', 256), long('b', 255)],
        `${long('a', 256)},${long('b', 255)}`,
      ],
      [
        [long('a', 129), long('b', 128), long('c', 254)],
        long('b', 128),
      ],
      // Then what is at the end.
      [
        ['a', 'b', 'c', 'd', 'e'].map((name) => long(name, 128)),
        ['a', 'b', 'c'].map((name) => long(name, 128)).join(','),
      ],
      [
        [long('z', 129), ...three, long('d', 125)],
        [...three, long('d', 125)].join(','),
      ],
      [[long('z', 129), ...three, long('d', 126)], three.join(',')],
      [
        ['a', 'b', 'c', 'd'].map((name) => long(name, 127)).concat('e'),
        '',
      ],
    ];
    for (const [header, passed] of accepted)
      expect(parseTracestate(header)).toBe(passed);
  },
);

failure(
  'A stranger chooses the trace at the public edge, and that all is sampled',
  {
    symptom:
      'With `restart`, each request starts a trace, sampled at your rate',
    defence: 'continue-trace',
    remains:
      'Behind the edge a traceparent is believed: strip it from other networks',
  },
  () => {
    const received = { traceparent: VALID, tracestate: 'a=1' };
    const trace = continueTrace(received, {
      restart: true,
      sampleRate: 0,
    });
    expect(trace.traceId).not.toBe(TRACE);
    expect(trace).toMatchObject({ sampled: false, tracestate: '' });
    expect(trace).not.toHaveProperty('parentId');

    const options = { restart: true };
    const correlation = receiveCorrelation(received, options);
    expect(correlation.trace.traceId).not.toBe(TRACE);

    const rate = (sampleRate: number) => {
      let sampled = 0;
      for (let count = 0; count < 2000; count++)
        if (continueTrace({}, { sampleRate }).sampled) sampled++;
      return sampled / 2000;
    };
    expect([rate(0), rate(1)]).toEqual([0, 1]);
    expect(rate(0.25)).toBeGreaterThan(0.15);
    expect(rate(0.25)).toBeLessThan(0.35);
    const unsampled = `00-${TRACE}-${PARENT}-00`;
    expect(
      continueTrace({ traceparent: unsampled }, { sampleRate: 1 })
        .sampled,
    ).toBe(false);
  },
);

failure(
  'A call to another service, or a job that runs later, loses the trace',
  {
    symptom:
      'Both carry the ids; each call and each job is a span of its own',
    defence: 'send',
    remains:
      'A client that sends no headers of yours must be wrapped: `createCarrier()`',
  },
  async () => {
    await using app = await startTestApp();
    const known = ['traceparent', VALID, 'x-request-id', 'from-ada'];
    await sendOrder(app.url, [...known, 'tracestate', 'a=1']);
    await app.orders.runNextJob();
    await waitUntil('all is logged', () => app.lines.length === 3);

    expect(app.calls).toHaveLength(1);
    expect(app.calls[0]).toMatchObject({
      'x-request-id': 'from-ada',
      tracestate: 'a=1',
      traceparent: expect.stringMatching(
        new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`),
      ),
    });
    const contexts = app.lines.map(({ context }) => context);
    for (const context of contexts)
      expect(context).toMatchObject({
        requestId: 'from-ada',
        traceId: TRACE,
        spanId: expect.stringMatching(/^[0-9a-f]{16}$/),
      });
    const job = app.lines.find(
      ({ message }) => message === 'invoice made',
    );
    const ended = app.lines.find(
      ({ message }) => message === 'request ended',
    );
    expect(ended?.context.parentId).toBe(PARENT);
    expect(job?.context.spanId).not.toBe(ended?.context.spanId);
    expect(job?.context.parentId).not.toBe(PARENT);

    const spans = [1, 2, 3].map(() => {
      const trace = continueTrace({ traceparent: VALID });
      return createTraceHeaders({ ...trace, sampled: false })
        .traceparent;
    });
    expect(new Set(spans).size).toBe(3);
    expect(spans[0]).toMatch(
      new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`),
    );
    expect(createTraceHeaders(continueTrace({}))).not.toHaveProperty(
      'tracestate',
    );
    expect([createCarrier(), readCorrelation()]).toEqual([
      {},
      undefined,
    ]);
  },
);

it('creates ids for a job of an older release, or one whose ids were tampered with', async () => {
  await using app = await startTestApp();
  const rubbish = [
    'null',
    '[]',
    '{}',
    '{"traceparent":7,"tracestate":8,"x-request-id":12345678}',
    `{"traceparent":[["${VALID}"]],"x-request-id":[["from-ada"]]}`,
    `{"traceparent":"${VALID}","tracestate":{"a":1}}`,
  ];
  for (const correlation of rubbish) {
    await app.pool.query(
      `with placed as (
         insert into orders (sku) values ('shoes') returning id
       )
       insert into order_jobs (order_id, correlation)
       select id, $1 from placed`,
      [correlation],
    );
    await app.orders.runNextJob();
  }
  expect(app.lines).toHaveLength(rubbish.length);
  for (const { context } of app.lines)
    expect(context.requestId).toMatch(UUID);
  const traces = app.lines.map(({ context }) => context.traceId);
  expect(traces.indexOf(TRACE)).toBe(rubbish.length - 1);
});

failure(
  'A slow query cannot be traced to its request',
  {
    symptom:
      '`pg_stat_activity` and the log show service and trace, until the transaction ends',
    defence: 'tag-transaction',
    remains:
      'One more round trip a transaction; outside a transaction it has no effect',
  },
  async () => {
    await using app = await startTestApp();
    const carrier = { traceparent: VALID, 'x-request-id': 'from-ada' };
    const correlation = receiveCorrelation(carrier);
    const client = await app.pool.connect();
    const readName = async () => {
      const { rows } = await client.query<{ name: string }>(
        `select application_name as name from pg_stat_activity
         where pid = pg_backend_pid()`,
      );
      return rows[0]?.name;
    };
    const before = await readName();
    for (const end of ['commit', 'rollback']) {
      await client.query('begin');
      await runWithCorrelation(correlation, () =>
        tagTransaction(client, 'shop'),
      );
      expect(await readName()).toBe(`shop:${TRACE}`);
      await client.query(end);
      expect(await readName()).toBe(before);
    }
    await client.query('begin');
    const injection = "x'; delete from orders; select set_config('a";
    await runWithCorrelation(correlation, () =>
      tagTransaction(client, injection),
    );
    expect(await readName()).toBe(
      `x'; delete from orders; select:${TRACE}`,
    );
    await client.query('rollback');

    await client.query('begin');
    await client.query('select 1 / 0').catch(() => {});
    const late = runWithCorrelation(correlation, () =>
      tagTransaction(client, 'shop'),
    );
    await expect(late).rejects.toThrow('transaction is aborted');
    await client.query('rollback');

    await client.query('begin');
    await tagTransaction(client, 'no request');
    expect(await readName()).toBe(before);
    await client.query('rollback');
    client.release();
  },
);

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
  'A callback of an emitter, a batch or a pool runs as another request',
  {
    symptom: 'Its lines have the ids of the request that bound it',
    defence: 'correlate-requests',
    remains:
      'Only what is bound is right: `AsyncLocalStorage.bind` at each such place',
  },
  async () => {
    const emitter = new EventEmitter();
    const read = () => readCorrelation()?.requestId;
    const seen: Record<string, string | undefined> = {};
    const [ada, bob] = ['from-ada', 'from-bob'].map((id) =>
      receiveCorrelation({ 'x-request-id': id }),
    );
    if (!ada || !bob) throw new Error('both are there');

    runWithCorrelation(ada, () => {
      emitter.once('ready', () => {
        seen.loose = read();
      });
      emitter.once(
        'ready',
        AsyncLocalStorage.bind(() => {
          seen.bound = read();
        }),
      );
    });
    await runWithCorrelation(bob, async () => {
      await Promise.resolve();
      emitter.emit('ready');
    });
    expect(seen).toEqual({ loose: 'from-bob', bound: 'from-ada' });

    await using app = await startTestApp();
    await Promise.all(
      ['from-ada', 'from-bob', 'from-eve'].map((id) =>
        sendOrder(app.url, ['x-request-id', id]),
      ),
    );
    await waitUntil('all ended', () => app.lines.length === 6);
    const ids = app.lines.map(({ context }) => context.requestId);
    for (const id of ['from-ada', 'from-bob', 'from-eve'])
      expect(ids.filter((one) => one === id)).toHaveLength(2);
  },
);

failure(
  'A client sends the same id with each request',
  {
    symptom:
      'Each request has a span of its own, which tells them apart',
    defence: 'receive',
    remains:
      'A request id is a search word: never a key, a proof or a permission',
  },
  async () => {
    await using app = await startTestApp();
    const same = ['x-request-id', 'always-me', 'traceparent', VALID];
    await sendOrder(app.url, same);
    await sendOrder(app.url, same);
    await waitUntil('all ended', () => app.lines.length === 4);
    const spans = app.lines.map(({ context }) => context.spanId);
    expect(new Set(spans).size).toBe(2);
  },
);

failure(
  'Sampling throws away the lines of the request that failed',
  {
    symptom:
      'The lines of a bad request are written all the same, with their times',
    defence: 'keep-or-release',
    remains:
      'They are written late, and a killed process has them no more; other services may have sampled differently',
  },
  async () => {
    const { log, lines } = createTestLog();
    let time = 0;
    const clock = () => new Date(Date.UTC(2026, 0, 1, 0, 0, time++));
    const sampling = createSampledLog(log, { maxLines: 2, clock });
    const { runSampled, release } = sampling;
    const write = () => {
      sampling.log.info('first', { id: 1 });
      runWithCorrelation(receiveCorrelation({}), () =>
        sampling.log.debug('second'),
      );
      sampling.log.info('third');
    };
    const take = () => lines.splice(0).map(({ message }) => message);

    runSampled(false, write);
    expect(take()).toEqual([]);
    runSampled(true, write);
    expect(take()).toEqual(['first', 'second', 'third']);
    write();
    expect(take()).toEqual(['first', 'second', 'third']);
    release();

    for (const level of ['warn', 'error'] as const)
      runSampled(false, () => {
        write();
        sampling.log[level]('bad', { level });
        release();
        sampling.log.info('after');
      });
    const bad = [
      'first',
      'second',
      'lines were not kept',
      'bad',
      'after',
    ];
    expect(lines.slice(0, 3).map(({ details }) => details)).toEqual([
      { id: 1, loggedAt: '2026-01-01T00:00:02.000Z' },
      { loggedAt: '2026-01-01T00:00:03.000Z' },
      { missing: 1 },
    ]);
    expect(lines[0]?.context).toEqual({});
    expect(lines[1]?.context.requestId).toMatch(UUID);
    expect(lines[3]).toMatchObject({
      level: 'warn',
      details: { level: 'warn' },
    });
    expect(lines[8]).toMatchObject({ level: 'error' });
    expect(take()).toEqual([...bad, ...bad]);

    const usual = createSampledLog(log);
    usual.runSampled(false, () => {
      for (let line = 0; line < 101; line++) usual.log.info('one');
      usual.release();
    });
    expect(lines).toHaveLength(101);
    expect(lines.at(-1)?.details).toEqual({ missing: 1 });
    lines.length = 0;

    await runSampled(false, async () => {
      sampling.log.info('first');
      await Promise.resolve();
      release();
      release();
      sampling.log.info('after');
    });
    expect(take()).toEqual(['first', 'after']);
  },
);

it('writes the lines of a request that was not sampled and answered 500', async () => {
  await using app = await startTestApp();
  const traceparent = `00-${TRACE}-${PARENT}-00`;
  await sendOrder(app.url, ['traceparent', traceparent]);
  await fetch(`${app.url}/sorry`, { headers: { traceparent } });
  await waitUntil('the bad one ended', () => app.lines.length > 0);
  expect(app.lines.map(({ details }) => details)).toEqual([
    { status: 500 },
  ]);
});
