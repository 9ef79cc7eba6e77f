import { once } from 'node:events';
import { request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { failure } from '@touchstone/kit/failure';
import { waitUntil } from '@touchstone/kit/wait';
import { expect } from 'vitest';
import { z } from 'zod';
import { createRequestParser } from './create-request-parser.ts';
import {
  bigintText,
  booleanText,
  instantText,
  integerText,
  listText,
} from './from-text.ts';
import { createJsonReader } from './read-json.ts';
import { ask, post, serve } from './test-client.ts';

const anything = z.record(z.string(), z.json());

failure(
  'The body has keys that the schema does not know',
  {
    symptom:
      '400 `invalid_request` with a pointer to each; a schema that lets them in stops the start',
    defence: 'require-strict',
    remains: 'A `z.record` accepts any key: that is what it is for',
  },
  async () => {
    await using app = await serve({
      body: z.strictObject({
        name: z.string(),
        address: z.strictObject({ city: z.string() }).optional(),
      }),
    });

    const admin = await post(
      app.url,
      '{"name":"Eve","isAdmin":true,"address":{"city":"Ur","zip":1}}',
    );

    expect(admin.status).toBe(400);
    expect(admin.body).toMatchObject({
      code: 'invalid_request',
      detail: 'Correct what is listed',
    });
    expect(admin.body.errors).toEqual([
      { in: 'body', pointer: '/address/zip', detail: 'Unknown key' },
      { in: 'body', pointer: '/isAdmin', detail: 'Unknown key' },
    ]);
    expect(await post(app.url, '{"name":"Eve"}')).toMatchObject({
      status: 200,
      body: { body: { name: 'Eve' } },
    });
    const open = z.object({ name: z.string(), at: z.date() });
    for (const body of [open, z.array(open), z.looseObject(open.shape)])
      expect(() => createRequestParser({ body })).toThrow(
        'Use z.strictObject for { name,at }',
      );
    createRequestParser({
      body: z.strictObject({
        properties: anything,
        type: z.literal('object'),
        empty: z.literal(null),
        at: z.date(),
      }),
    });
  },
);

failure(
  'A key would change the prototype of an object',
  {
    symptom: '400 `unsafe_json` with a pointer to the key',
    defence: 'check-members',
    remains: 'Objects that you merge from other sources than this body',
  },
  async () => {
    await using app = await serve({ body: anything });

    for (const [body, pointer] of [
      ['{"a":{"__proto__":{"isAdmin":true}}}', '/a/__proto__'],
      ['{"\\u005f_proto__":1}', '/__proto__'],
      ['{"constructor":{"prototype":{}}}', '/constructor/prototype'],
    ] as const)
      expect((await post(app.url, body)).body).toMatchObject({
        status: 400,
        code: 'unsafe_json',
        errors: [{ pointer, detail: 'This key is not accepted' }],
      });
    const fine =
      '{"a":{"constructor":{"name":1}},"constructor":"Ferrari","prototype":{"a":"__proto__"}}';
    expect((await post(app.url, fine)).text).toBe(`{"body":${fine}}`);
  },
);

failure(
  'A key is there twice, and two parsers take different ones',
  {
    symptom: '400 `unsafe_json` with a pointer to the second',
    defence: 'check-members',
    remains:
      'A proxy in front that rewrites the body has already chosen',
  },
  async () => {
    await using app = await serve({ body: anything });

    for (const [body, ...pointers] of [
      ['{"cents":1,"cents":-1}', '/cents'],
      ['{"a":1,"\\u0061":2}', '/a'],
      ['{"a":[],"a":{}}', '/a'],
      ['{"\\\\\\"":1,"b":2,"\\\\\\"":3}', '/\\"'],
      ['{"a":[0,{"b":1},[{"c":1,"d":{},"c":2}]]}', '/a/2/0/c'],
      ['{"\\"":1,"\\\\":2,"\\"":3}', '/"'],
      ['{"a":{"a":{"a":1},"a":1},"a":1}', '/a/a', '/a'],
    ] as const)
      expect((await post(app.url, body)).body).toMatchObject({
        code: 'unsafe_json',
        detail: 'Send JSON that all parsers read alike',
        errors: pointers.map((pointer) => ({
          pointer,
          detail: 'This key is there twice',
        })),
      });
    const fine =
      '{"a":[{"a":1},{"a":1}],"b":{"a":1},"c":"{\\"a\\":1,","d":"\\\\"}';
    expect((await post(app.url, fine)).text).toBe(`{"body":${fine}}`);
    const flood = `{${Array(50).fill('"a":1')}}`;
    expect((await post(app.url, flood)).body.errors).toHaveLength(20);
  },
);

failure(
  'A parameter or a header is given twice',
  {
    symptom: '400 `invalid_request`, where a schema expects one',
    defence: 'read-query',
    remains:
      'Another server behind this one may take the other of the two: send it what was parsed',
  },
  async () => {
    await using app = await serve({
      params: z.strictObject({ id: z.string().max(3) }).partial(),
      query: z.strictObject({
        role: z.string().optional(),
        tag: listText(z.string().max(3), 2).optional(),
      }),
      headers: z.strictObject({ 'x-tenant': z.string().optional() }),
    });
    const get = (path: string) => ask(app.url + path);
    const violation = (part: string, pointer: string) => ({
      in: part,
      pointer,
      detail: expect.any(String),
    });

    expect((await get('/of/7?role=a&tag=b')).body).toEqual({
      params: { id: '7' },
      query: { role: 'a', tag: ['b'] },
      headers: {},
    });
    expect((await get('?tag=a&tag=b&role=')).body).toMatchObject({
      query: { tag: ['a', 'b'], role: '' },
    });
    expect((await get('')).body).toMatchObject({ query: {} });
    expect((await get('?role=a?b')).body).toMatchObject({
      query: { role: 'a?b' },
    });
    expect((await get('/of/1234')).body.errors).toEqual([
      violation('params', '/id'),
    ]);
    expect(listText(z.string(), 1).safeParse(undefined)).toMatchObject({
      error: { issues: [{ path: [] }] },
    });
    expect((await get('?role=user&role=admin')).body.errors).toEqual([
      violation('query', '/role'),
    ]);
    for (const [search, pointer] of [
      ['role[]=a', '/role[]'],
      ['role[x]=a', '/role[x]'],
      ['__proto__=a', '/__proto__'],
      ['tag=a&tag=b&tag=c', '/tag'],
      ['tag=abcd', '/tag/0'],
    ] as const)
      expect((await get(`?${search}`)).body.errors).toEqual([
        violation('query', pointer),
      ]);
    const twice = request(`${app.url}/?tag=x`, {
      headers: { 'x-tenant': ['a', 'b'] },
    });
    const [answer] = await once(twice.end(), 'response');
    const chunks: Buffer[] = await answer.toArray();
    expect(JSON.parse(`${Buffer.concat(chunks)}`).errors).toEqual([
      violation('headers', '/x-tenant'),
    ]);
    const headers = { 'x-tenant': 'a', 'x-other': 'b' };
    expect((await ask(app.url, { headers })).body).toMatchObject({
      headers: { 'x-tenant': 'a' },
    });
  },
);

failure(
  'Text is coerced to a value that nobody meant',
  {
    symptom:
      "400 `invalid_request` for `''`, `0x10`, `1e3`, ` 5`, `False` and a time without an offset",
    defence: 'from-text',
    remains:
      'A JSON number above 2^53 is rounded before any schema sees it: take `z.int()`, or a text',
  },
  () => {
    const text = {
      int: integerText({ min: -10, max: 99 }),
      big: bigintText,
      yes: booleanText,
      at: instantText,
    };
    const good: [z.ZodType, string, unknown][] = [
      [text.int, '0', 0],
      [text.int, '5', 5],
      [text.big, '-5', -5n],
      [text.int, '-10', -10],
      [text.int, '99', 99],
      [text.big, '-9007199254740993', -9007199254740993n],
      [text.big, '0', 0n],
      [text.big, '9'.repeat(40), BigInt('9'.repeat(40))],
      [text.yes, 'true', true],
      [text.yes, 'false', false],
      [
        text.at,
        '2024-02-29T12:00:00+02:00',
        new Date('2024-02-29T10:00:00Z'),
      ],
    ];
    for (const [schema, value, expected] of good)
      expect(schema.parse(value)).toEqual(expected);
    const odd = [
      '',
      ' 5',
      '5 ',
      '0x10',
      '1e3',
      '1.5',
      '007',
      '-0',
      '+1',
      '٣',
      '1\n',
      '5,0',
      null,
      ['5'],
      5,
      true,
    ];
    for (const schema of [text.int, text.big])
      for (const value of odd)
        expect(schema.safeParse(value).success).toBe(false);
    for (const value of ['100', '-11', '9'.repeat(20)])
      expect(text.int.safeParse(value).success).toBe(false);
    expect(text.big.safeParse('9'.repeat(41)).success).toBe(false);
    for (const value of ['', '0', '1', 'no', 'TRUE', 'False', true])
      expect(text.yes.safeParse(value).success).toBe(false);
    for (const value of [
      '',
      '1',
      '2026-02-29T12:00:00Z',
      '2026-01-31T12:00:00',
      '2026-01-31',
    ])
      expect(text.at.safeParse(value).error?.issues).toMatchObject([
        { message: 'Write a time such as 2026-01-31T12:00:00Z' },
      ]);
    expect(text.int.safeParse('x').error?.issues).toMatchObject([
      { message: 'Write a whole number' },
    ]);
    expect(text.big.safeParse('x').error?.issues).toMatchObject([
      { message: 'Write a whole number' },
    ]);
  },
);

failure(
  'A body is huge, deep, slow or cut off',
  {
    symptom:
      '413, 400 and 408, the first as soon as the limit is passed; nothing when the client is gone',
    defence: 'read-bytes',
    remains:
      'Slow heads of requests: `headersTimeout` of Node ends those, after 60 seconds',
  },
  async () => {
    await using app = await serve(
      { body: z.json() },
      { maxBytes: 100, maxDepth: 3, seconds: 0.5 },
    );
    const { port } = app.server.address() as AddressInfo;
    const text = (length: number) =>
      JSON.stringify('x'.repeat(length - 2));

    expect((await post(app.url, text(100))).status).toBe(200);
    expect((await post(app.url, text(101))).body).toMatchObject({
      status: 413,
      code: 'body_too_large',
      detail: 'Send at most 100 bytes',
    });
    expect((await post(app.url, '[[[1]]]')).status).toBe(200);
    expect(
      (await post(app.url, '[{"a":[[1,{}]]}]')).body.errors,
    ).toEqual([{ pointer: '', detail: 'Nest at most 3 deep' }]);

    const started = performance.now();
    const declared = send(port, 'content-length: 101', '');
    const chunked = send(
      port,
      'transfer-encoding: chunked',
      `65\r\n${'x'.repeat(101)}\r\n`,
    );
    const exact = send(
      port,
      'transfer-encoding: chunked',
      `64\r\n${'x'.repeat(100)}\r\n`,
    );
    const slow = send(port, 'content-length: 100', '"x');
    expect(await declared.first).toContain('413 Payload Too Large');
    expect(await chunked.first).toContain('413 Payload Too Large');
    const quick = performance.now() - started;
    expect(await slow.first).toContain('408 Request Timeout');
    const waited = performance.now() - started;
    expect(await exact.first).toContain('408 Request Timeout');
    for (const { rest } of [declared, chunked, exact, slow]) await rest;
    const ended = performance.now() - started;
    // Node would close them after five seconds.
    expect(ended).toBeLessThan(4_500);
    expect(quick).toBeLessThan(waited);
    expect(waited).toBeGreaterThan(490);
    expect(await slow.first).toContain('"code":"body_too_slow"');
    expect(await slow.first).toContain('within 0.5 seconds');

    const gone = send(port, 'content-length: 100', '"x');
    await once(app.server, 'request');
    gone.socket.destroy();
    await waitUntil('it is gone', () => app.infos.length === 1);
    expect(app.infos).toEqual(['client went away']);
    const kept = await post(app.url, '1');
    expect(kept.status).toBe(200);
    await waitUntil(
      'all are gone',
      () =>
        new Promise((resolve) =>
          app.server.getConnections((_, count) => resolve(count <= 1)),
        ),
    );
    expect(app.errors).toEqual([]);
    for (const limits of [
      { maxBytes: Number.NaN },
      { maxBytes: 0 },
      { maxBytes: 2 ** 28 + 1 },
      { maxDepth: 0 },
      { maxDepth: 1_001 },
      { seconds: 0 },
      { seconds: 301 },
    ])
      expect(() => createJsonReader(limits)).toThrow(RangeError);
    expect(() => createJsonReader({ maxBytes: 0 })).toThrow(
      'maxBytes is not between 0 and 268435456',
    );
    expect(() => createJsonReader({ maxDepth: 0 })).toThrow('maxDepth');
    expect(() => createJsonReader({ seconds: 0 })).toThrow('seconds');
    await using usual = await serve({ body: z.json() });
    const deep = (levels: number) =>
      post(usual.url, '['.repeat(levels) + ']'.repeat(levels));
    expect((await deep(32)).status).toBe(200);
    expect((await deep(33)).status).toBe(400);
    expect((await post(usual.url, text(100_001))).status).toBe(413);
    for (let round = 0; round < 30; round++)
      expect((await post(usual.url, text(100_000))).status).toBe(200);
    const active = process.getActiveResourcesInfo();
    const timers = active.filter((name) => name === 'Timeout');
    expect(timers.length).toBeLessThan(20);
    createJsonReader({
      maxBytes: 2 ** 28,
      maxDepth: 1_000,
      seconds: 300,
    });
  },
);

failure(
  'The body is not JSON in UTF-8, or says so',
  {
    symptom:
      '415 `unsupported_media_type` or `unsupported_encoding`, 400 `invalid_json`',
    defence: 'read-json',
    remains: 'Uploads and forms need a parser of their own',
  },
  async () => {
    await using app = await serve({ body: z.json() });
    const typed = (type: string) =>
      post(app.url, '{}', { 'content-type': type });

    for (const type of [
      'application/json',
      'Application/JSON ; charset=UTF-8',
      'application/json;charset="utf-8"',
    ])
      expect((await typed(type)).status).toBe(200);
    for (const type of [
      'text/plain',
      'application/json5',
      'x-application/json',
      'application/json; charset=utf-16',
      'application/json; charset=latin1',
      'text/plain; application/json',
    ])
      expect((await typed(type)).body).toMatchObject({
        status: 415,
        code: 'unsupported_media_type',
        detail: 'Send application/json in UTF-8',
      });
    expect((await ask(app.url, { method: 'POST' })).status).toBe(415);
    const packed = await post(app.url, gzipSync('{}'), {
      'content-type': 'application/json',
      'content-encoding': 'gzip',
    });
    expect(packed.body).toMatchObject({
      status: 415,
      code: 'unsupported_encoding',
      detail: 'Send the body as it is',
    });
    const latin = Uint8Array.from(Buffer.from('"\xe9"', 'latin1'));
    for (const body of ['', '{"password": hunter2}', '{}x', latin]) {
      const answer = await post(app.url, body);
      expect(answer.body).toMatchObject({
        status: 400,
        code: 'invalid_json',
        detail: 'Send valid JSON',
      });
      expect(answer.text).not.toContain('hunter2');
    }
    expect((await post(`${app.url}/parsed`, '{}')).status).toBe(500);
    const message = expect.stringContaining('Take express.json() off');
    expect(app.errors).toMatchObject([{ error: { message } }]);
  },
);

failure(
  'A message of validation quotes the secret that it refuses',
  {
    symptom: '400 with `Not valid` in place of the message',
    defence: 'list-violations',
    remains:
      'Texts under four characters, numbers, and a message that quotes another field',
  },
  async () => {
    const quote = {
      error: ({ input }: { input?: unknown }) => `bad: ${input}`,
    };
    const inner = z
      .strictObject({ pin: z.string(), at: z.number() })
      .refine(() => false, {
        error: ({ input }) => `bad: ${JSON.stringify(input)}`,
      });
    await using app = await serve({
      body: z.strictObject({
        password: z.string(quote).min(30, quote),
        short: z.string().regex(/\d/, quote),
        nothing: z.string(quote).nullable(),
        inner: z.array(inner),
        weak: z.string().regex(/[A-Z]/, 'too weak'),
      }),
      query: z.strictObject({
        token: z.string().min(30, quote).optional(),
      }),
    });

    const { body, text } = await post(
      `${app.url}?token=hunter2`,
      '{"password":"hunt","short":"abc","nothing":3,"inner":[{"pin":"hunter2","at":1}],"weak":"hunter2"}',
    );

    expect(text).not.toContain('hunt');
    expect(body.errors).toEqual([
      { in: 'body', pointer: '/password', detail: 'Not valid' },
      { in: 'body', pointer: '/short', detail: 'bad: abc' },
      { in: 'body', pointer: '/nothing', detail: 'bad: 3' },
      { in: 'body', pointer: '/inner/0', detail: 'Not valid' },
      { in: 'body', pointer: '/weak', detail: 'too weak' },
      { in: 'query', pointer: '/token', detail: 'Not valid' },
    ]);
    expect((await post(app.url, 'null')).body.errors).toEqual([
      {
        in: 'body',
        pointer: '',
        detail: expect.stringContaining('null'),
      },
    ]);
  },
);

failure(
  'A request is wrong in a thousand places, or under a very long key',
  {
    symptom:
      '400 with at most 20 violations, each with a pointer of at most 200 characters',
    defence: 'to-pointer',
    remains: 'The caller corrects 20 and sees the next 20',
  },
  async () => {
    await using app = await serve({
      body: z.strictObject({
        list: z.array(z.string()).optional(),
        map: z.record(z.string(), z.string()).optional(),
      }),
    });
    const pointers = async (body: object) => {
      const answer = await post(app.url, JSON.stringify(body));
      return answer.body.errors?.map(({ pointer }) => pointer);
    };

    expect(await pointers({ list: Array(1_000).fill(1) })).toEqual(
      Array.from({ length: 20 }, (_, index) => `/list/${index}`),
    );
    expect(await pointers({ map: { 'a/b~c/~': 1, '': 1 } })).toEqual([
      '/map/a~1b~0c~1~0',
      '/map/',
    ]);
    const fits = 'k'.repeat(195);
    expect(
      await pointers({ map: { [fits]: 1, [`${fits}k`]: 1 } }),
    ).toEqual([`/map/${fits}`, '/map']);
    expect(await pointers({ ['k'.repeat(90_000)]: 1 })).toEqual(['']);
    const many = Object.fromEntries(
      Array.from({ length: 50 }, (_, i) => [i, 1]),
    );
    expect(await pointers(many)).toHaveLength(20);
  },
);

/** Sends a head and some of a body, and nothing more. */
function send(port: number, header: string, body: string) {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  const head = [
    'POST / HTTP/1.1',
    'host: a',
    'content-type: application/json',
    header,
  ];
  socket
    .on('error', () => {})
    .write(`${head.join('\r\n')}\r\n\r\n${body}`);
  const rest = once(socket, 'close');
  const first = once(socket, 'data').then(([text]) => `${text}`);
  return { socket, first, rest };
}
