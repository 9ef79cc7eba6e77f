import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  request,
  type Server,
} from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { listen } from '@touchstone/kit/app/http';
import { failure } from '@touchstone/kit/testing/failure';
import { waitUntil } from '@touchstone/kit/time/wait';
import { expect } from 'vitest';
import { z } from 'zod';
import { createRequestParser } from './create-request-parser.ts';
import {
  booleanText,
  instantText,
  integerText,
  listText,
} from './from-text.ts';
import { ask, post, serve } from './test-client.ts';

const anything = z.record(z.string(), z.json());

failure(
  'The body has keys that the schema does not know',
  {
    symptom:
      '400 `invalid_request` with a pointer to each; a schema that lets them in stops the start',
    defence: 'require-strict',
    remains:
      '`z.record`, `z.any` and `z.custom` accept any key, and what comes after `z.any().pipe(…)` is not checked',
  },
  async () => {
    await using app = await serve({
      body: z.strictObject({
        name: z.string(),
        address: z.strictObject({ city: z.string() }).optional(),
        query: z
          .string()
          .refine(async (text) => text !== 'taken', 'Taken')
          .optional(),
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
    const taken = await post(app.url, '{"name":"Eve","query":"taken"}');
    expect(taken.body.errors).toEqual([
      { in: 'body', pointer: '/query', detail: 'Taken' },
    ]);
    const open = z.object({ name: z.string(), at: z.date() });
    for (const body of [open, z.array(open), z.looseObject(open.shape)])
      expect(() => createRequestParser({ body })).toThrow(
        'Use z.strictObject for { name,at }',
      );
    createRequestParser({
      body: z.strictObject({
        properties: anything.default({ properties: 1 }),
        at: z.date(),
      }),
    });
  },
);

failure(
  'A key would change the prototype of an object',
  {
    symptom: '400 `unsafe_json` with a pointer to the key',
    defence: 'find-fault',
    remains: 'Not covered: objects that you merge from other sources',
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
      '{"a":{"constructor":{"name":1}},"constructor":"Ferrari","prototype":{"prototype":"__proto__"}}';
    expect((await post(app.url, fine)).text).toBe(`{"body":${fine}}`);
  },
);

failure(
  'A key is there twice, and two parsers take different ones',
  {
    symptom: '400 `unsafe_json` with a pointer to the second',
    defence: 'find-fault',
    remains:
      'A proxy that rewrites the body has already chosen one of the two',
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
      headers: z.strictObject({ 'X-Tenant': z.string().optional() }),
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
    const many = await get(`?${'tag=a&'.repeat(1_000)}last=1`);
    expect(many.body.errors).toContainEqual(
      violation('query', '/last'),
    );
    const twice = request(`${app.url}/?tag=x`, {
      headers: { 'x-tenant': ['a', 'b'] },
    });
    const [answer] = await once(twice.end(), 'response');
    const chunks: Buffer[] = await answer.toArray();
    expect(JSON.parse(`${Buffer.concat(chunks)}`).errors).toEqual([
      violation('headers', '/X-Tenant'),
    ]);
    const headers = { 'x-tenant': 'a', 'x-other': 'b' };
    expect((await ask(app.url, { headers })).body).toMatchObject({
      headers: { 'X-Tenant': 'a' },
    });
  },
);

failure(
  'Text is coerced to a value that the caller did not mean',
  {
    symptom:
      "400 `invalid_request` for `''`, `0x10`, `1e3`, ` 5`, `False` and a time without an offset",
    defence: 'from-text',
    remains:
      '`JSON.parse` rounds a number above 2^53: `z.int()` refuses it, `z.number()` does not',
  },
  () => {
    const text = {
      int: integerText({ min: -10, max: 99 }),
      yes: booleanText,
      at: instantText,
    };
    const good: [z.ZodType, string, unknown][] = [
      [text.int, '0', 0],
      [text.int, '5', 5],
      [text.int, '-10', -10],
      [text.int, '99', 99],
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
    for (const value of odd)
      expect(text.int.safeParse(value).success).toBe(false);
    for (const value of ['100', '-11', '9'.repeat(20)])
      expect(text.int.safeParse(value).success).toBe(false);
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
  },
);

failure(
  'A text has a NUL, an unpaired surrogate, or bytes that are not UTF-8',
  {
    symptom:
      '400 `unsafe_json`, `invalid_json` or `invalid_url`, and not a 500 of Postgres',
    defence: 'find-fault',
    remains: 'Other control characters: a schema decides on those',
  },
  async () => {
    await using app = await serve({
      params: z.strictObject({ id: z.string() }).partial(),
      query: z.strictObject({ q: z.string().optional() }),
      body: z.json(),
    });
    const text = 'NUL and unpaired surrogates are not accepted';

    for (const [body, ...pointers] of [
      ['"\\u0000"', ''],
      ['{"a":["\\ud800"," \\uDC00\\ud800"]}', '/a/0', '/a/1'],
      [
        '{"a":{"b":1,"\\u0000":"\\u0061"},"c":"\\u0000"}',
        '/a/\0',
        '/c',
      ],
    ] as const)
      expect((await post(app.url, body)).body).toMatchObject({
        code: 'unsafe_json',
        errors: pointers.map((pointer) => ({ pointer, detail: text })),
      });
    const fine = '["\\\\u0000","\\ud83d\\ude00","\\n\\/"]';
    expect((await post(app.url, fine)).status).toBe(200);
    for (const bytes of ['22e922', 'efbbbf31'])
      expect(
        (
          await post(
            app.url,
            Uint8Array.from(Buffer.from(bytes, 'hex')),
          )
        ).body.code,
      ).toBe('invalid_json');
    for (const path of [
      '?q=%00',
      '?q=%ff',
      '?q=100%',
      '/of/%00',
      '/in/%00',
    ])
      expect((await post(app.url + path, '1')).body).toMatchObject({
        status: 400,
        code: 'invalid_url',
        detail: 'Percent-encode the URL as UTF-8, without NUL',
      });
    // Without Express, there is no `originalUrl`.
    const parse = createRequestParser({
      query: z.strictObject({ q: z.string() }),
    });
    await using plain = await listen(async (request, response) => {
      const parsed = await parse(request).catch(({ code }) => code);
      response.end(JSON.stringify(parsed));
    });
    expect((await ask(`${plain.url}?q=%00`)).body).toBe('invalid_url');
    expect((await ask(`${plain.url}?q=1`)).body).toEqual({
      query: { q: '1' },
    });
    expect((await post(`${app.url}?q=%C3%A9+1`, '1')).body).toEqual({
      params: {},
      query: { q: 'é 1' },
      body: 1,
    });
  },
);

failure(
  'A body is huge, deep, slow or cut off',
  {
    symptom:
      '413 as soon as the limit is passed, 400 when it is too deep, 408 from Node when it is slow; sent byte by byte, it takes no more memory than at once',
    defence: 'read-bytes',
    remains:
      'The 408 is that of `requestTimeout`: 300 seconds, unless the server has `serverLimits`',
  },
  async () => {
    const left = Promise.withResolvers<void>();
    await using app = await serve(
      { body: z.json() },
      { maxBytes: 100, before: () => left.promise },
    );
    const { port } = app.server.address() as AddressInfo;
    const text = (length: number) =>
      JSON.stringify('x'.repeat(length - 2));

    const early = send(port, 'content-length: 100', '"x');
    const [unread] = await once(app.server, 'request');
    const closed = new Promise((resolve) =>
      unread.on('close', resolve),
    );
    early.socket.destroy();
    await closed;
    left.resolve();
    await waitUntil('it is noticed', () => app.infos.length === 1);
    const later = send(port, 'content-length: 100', '"x');
    await once(app.server, 'request');
    later.socket.destroy();
    await waitUntil('it is gone', () => app.infos.length === 2);
    expect(new Set(app.infos)).toEqual(new Set(['client went away']));

    expect((await post(app.url, text(100))).status).toBe(200);
    expect((await post(app.url, text(101))).body).toMatchObject({
      status: 413,
      code: 'body_too_large',
      detail: 'Send at most 100 bytes',
    });
    // The rest never comes: the answer does not wait for it.
    const declared = send(port, 'content-length: 101', '');
    expect(await declared.first).toContain('413 Payload Too Large');
    const chunked = sendChunks(port, ['x'.repeat(100), 'x']);
    const [large]: IncomingMessage[] = await once(
      app.server,
      'request',
    );
    expect(await chunked.first).toContain('413 Payload Too Large');
    expect(large?.listenerCount('data')).toBe(0);
    // What comes late is dropped, and the connection serves on.
    const late = `4000\r\n${'x'.repeat(16_384)}\r\n`;
    chunked.socket.write(`${late.repeat(64)}${END}${GET}`);
    await once(chunked.socket, 'data');
    const small = sendChunks(port, ['[', ...'1'.repeat(97), '1', ']']);
    small.socket.write(END);
    expect(await small.first).toContain('200 OK');

    const server = createServer(
      { requestTimeout: 200, connectionsCheckingInterval: 20 },
      (...both) => app.server.emit('request', ...both),
    ).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const limited = (server.address() as AddressInfo).port;
    const slow = send(limited, 'content-length: 100', '"x');
    expect(await slow.first).toContain('408 Request Timeout');
    // Refused, and it goes on sending.
    await send(limited, 'content-length: 101', 'x').rest;
    server.close();
    expect(app.errors).toEqual([]);

    await using usual = await serve({ body: z.json() });
    expect(await measureKept(usual.server, 50_000)).toBeLessThan(
      3_000_000,
    );
    const deep = (inner: string) =>
      post(
        usual.url,
        `${'[{"a":'.repeat(15)}${inner}${'}]'.repeat(15)}`,
      );
    expect((await deep('[[]]')).status).toBe(200);
    expect((await deep('[[[]]]')).body.errors).toEqual([
      { pointer: '', detail: 'Nest at most 32 deep' },
    ]);
    expect((await post(usual.url, text(100_000))).status).toBe(200);
    expect((await post(usual.url, text(100_001))).status).toBe(413);
    for (const maxBytes of [Number.NaN, 0, 2 ** 24 + 1])
      expect(() =>
        createRequestParser({ body: z.json() }, { maxBytes }),
      ).toThrow(
        new RangeError('maxBytes is not between 0 and 16777216'),
      );
    for (const maxBytes of [1, 2 ** 24])
      createRequestParser({ body: z.json() }, { maxBytes });
  },
);

failure(
  'The body is not JSON in UTF-8, or its content type says that it is not',
  {
    symptom: '415 `unsupported_media_type`, 400 `invalid_json`',
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
        detail: 'Send application/json in UTF-8, not compressed',
      });
    expect((await ask(app.url, { method: 'POST' })).status).toBe(415);
    const packed = await post(app.url, gzipSync('{}'), {
      'content-type': 'application/json',
      'content-encoding': 'gzip',
    });
    expect(packed.status).toBe(415);
    for (const body of ['', '{"password": hunter2}', '{}x']) {
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
      'Texts under four characters, numbers, and a message that quotes another field or a changed text',
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
        trimmed: z.string().trim().toLowerCase().min(30, quote),
        escaped: z.string().min(30, {
          error: ({ input }) => JSON.stringify({ input }),
        }),
      }),
      query: z.strictObject({
        token: z.string().min(30, quote).optional(),
      }),
    });

    const { body, text } = await post(
      `${app.url}?token=hunter2`,
      '{"password":"hunt","short":"abc","nothing":3,"inner":[{"pin":"hunter2","at":1}],"weak":"hunter2","trimmed":" HUNTER2","escaped":"hunt\\"er"}',
    );

    expect(text).not.toContain('hunt');
    expect(body.errors).toEqual([
      { in: 'body', pointer: '/password', detail: 'Not valid' },
      { in: 'body', pointer: '/short', detail: 'bad: abc' },
      { in: 'body', pointer: '/nothing', detail: 'bad: 3' },
      { in: 'body', pointer: '/inner/0', detail: 'Not valid' },
      { in: 'body', pointer: '/weak', detail: 'too weak' },
      { in: 'body', pointer: '/trimmed', detail: 'Not valid' },
      { in: 'body', pointer: '/escaped', detail: 'Not valid' },
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
      '400 with at most 20 violations, each with a pointer of at most 200 characters; the others are not written',
    defence: 'to-pointer',
    remains:
      'The caller corrects 20 and sees the next 20; zod still checks every entry of a record',
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

    const checked = z
      .record(z.string(), z.array(z.string()))
      .superRefine((lists, context) => {
        for (const list of Object.values(lists))
          for (const _ of list) context.addIssue('no');
      });
    await using lists = await serve(
      { body: checked },
      { maxBytes: 2 ** 24 },
    );
    const key = '~'.repeat(4_000_000);
    const before = process.cpuUsage();

    for (const [body, code] of [
      [`{"${key}":{${Array(3_000).fill('"a":1')}}}`, 'unsafe_json'],
      [`{"${key}":[${Array(3_000).fill(1)}]}`, 'invalid_request'],
      [`{"a":[${Array(15_000).fill('"abcd"')}]}`, 'invalid_request'],
    ] as const)
      expect((await post(lists.url, body)).body).toMatchObject({
        code,
        errors: { length: 20 },
      });

    // The work of this process, not the time: others may be busy.
    const { user } = process.cpuUsage(before);
    expect(user / 1_000_000).toBeLessThan(3);
  },
);

const END = '0\r\n\r\n';
const GET = 'GET /nowhere HTTP/1.1\r\nhost: a\r\n\r\n';

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

/** Sends each text as a chunk, and not the end. */
function sendChunks(port: number, texts: string[]) {
  const chunks = texts.map(
    (text) => `${text.length.toString(16)}\r\n${text}\r\n`,
  );
  return send(port, 'transfer-encoding: chunked', chunks.join(''));
}

/** The memory that a body takes while its last chunk is missing. */
async function measureKept(server: Server, chunkCount: number) {
  const { port } = server.address() as AddressInfo;
  const idle = measureMemory();
  const { socket } = sendChunks(port, Array(chunkCount).fill('1'));
  const [body]: IncomingMessage[] = await once(server, 'request');
  let read = 0;
  body?.on('data', () => read++);
  await waitUntil('all is read', () => read === chunkCount);
  const kept = measureMemory() - idle;
  socket.destroy();
  return kept;
}

/** Bytes in use after a collection. */
function measureMemory(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
