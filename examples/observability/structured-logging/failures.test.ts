import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { runInNewContext } from 'node:vm';
import { failure } from '@touchstone/kit/testing/failure';
import { waitUntil } from '@touchstone/kit/time/wait';
import { expect, it } from 'vitest';
import { createLog, type Log, type LogLevel } from './create-log.ts';
import {
  addToLogContext,
  readLogContext,
  runWithLogContext,
} from './log-context.ts';
import { openLogOutput, openStdout } from './log-output.ts';
import { isSecretKey, scrubText } from './secrets.ts';
import { runChild } from './test-child.ts';
import { createTestOutput, openPipe, parseLines } from './test-pipe.ts';
import { toLoggable } from './to-loggable.ts';

const NOW = '2026-03-01T12:00:00.000Z';

failure(
  'A secret is in what is logged',
  {
    symptom:
      'The log has `[redacted]`, at any depth, for keys in any case, in URLs and in errors',
    defence: 'convert-fields',
    remains:
      'A secret below a harmless key, or in a text without a key, is not recognised; neither are names and addresses',
  },
  () => {
    const { log, texts, last } = startTestLog();
    const secret = 'canary-7';
    const dsn = `postgres://shop:${secret}@db/shop`;
    const headers = new Headers({ Cookie: secret, accept: '*/*' });

    log.info(`login with token=${secret}`, {
      nested: { a: { b: [{ Password: secret, id: 1 }] } },
      'X-API-KEY': secret,
      map: new Map([['client_secret', secret]]),
      set: new Set([`https://${secret}@example.com/`]),
      headers,
      rawHeaders: ['Host', 'a', 'Cookie', secret, 'Accept', 'b'],
      json: { toJSON: () => ({ accessToken: secret }) },
      url: new URL(`https://a.example/?Token=${secret}&page=1`),
      body: JSON.stringify({ password: `"${secret}`, id: 1 }),
      [`https://a.example/?token=${secret}`]: 1,
    });
    expect(last().message).toBe('login with token=[redacted]');
    expect(last().details).toEqual({
      nested: { a: { b: [{ Password: '[redacted]', id: 1 }] } },
      'X-API-KEY': '[redacted]',
      map: { client_secret: '[redacted]' },
      set: ['https://[redacted]@example.com/'],
      headers: { accept: '*/*', cookie: '[redacted]' },
      rawHeaders: ['Host', 'a', 'Cookie', '[redacted]', 'Accept', 'b'],
      json: { accessToken: '[redacted]' },
      url: 'https://a.example/?Token=[redacted]&page=1',
      body: '{"password":[redacted],"id":1}',
      'https://a.example/?token=[redacted]': '[redacted]',
    });

    const cause = new AggregateError([new Error(dsn)], dsn);
    const error = Object.assign(new Error(dsn, { cause }), {
      config: { auth: secret },
    });
    log.error('it failed', error);
    log.error('it failed', { error });
    runWithLogContext({ sessionId: secret }, () => log.info('context'));
    expect(last().context).toEqual({ sessionId: '[redacted]' });
    expect(texts).toHaveLength(4);
    expect(texts.filter((text) => text.includes(secret))).toEqual([]);
    expect(texts[1]).toContain('postgres://[redacted]@db/shop');
  },
);

it.each([
  ['postgres://a:p/w@h/db', 'postgres://[redacted]@h/db'],
  ['redis://:p@h,x', 'redis://[redacted]@h,x'],
  ['amqp://a:12@h', 'amqp://[redacted]@h'],
  ['x://k1@h x://k2@i', 'x://[redacted]@h x://[redacted]@i'],
  ['x://k@h/a@b', 'x://[redacted]@h/a@b'],
  ['see http://h:8080/a@b', 'see http://h:8080/a@b'],
  [
    'http://h:8080?a@b http://h:8#a@b',
    'http://h:8080?a@b http://h:8#a@b',
  ],
  ['http://h?a:@b', 'http://h?a:@b'],
  ['http://h/a@b', 'http://h/a@b'],
  ['a:b@c', 'a:b@c'],
  ['x://h:/a@b', 'x://h:/a@b'],
  ['redis://:123/4@h', 'redis://[redacted]@h'],
  ['x://@h', 'x://[redacted]@h'],
  ['x://a:p@w@h', 'x://[redacted]@h'],
  ['BEARER abcdef', 'BEARER [redacted]'],
  ['the basic  dTpw', 'the basic [redacted]'],
  ['bearer ', 'bearer '],
  ['BEARER abc.def/+=,', 'BEARER [redacted]'],
  [
    'a basic  dTpw x bearer y',
    'a basic [redacted] x bearer [redacted]',
  ],
  ['basics', 'basics'],
  ['eyJh-_G.eyJ-z.c2-ln! eyJ0.e', '[redacted]! [redacted]'],
  ['eyJ.a eyJa. eyj XeyJa.b', 'eyJ.a eyJa. eyj XeyJa.b'],
  ['a=1&pass=p;b=2', 'a=1&pass=[redacted];b=2'],
  ['u=a,pwd=p q', 'u=a,pwd=[redacted] q'],
  ['{a?jwt=p"}', '{a?jwt=[redacted]"}'],
  ['token;a=1 token&a=1 token,a=1', 'token;a=1 token&a=1 token,a=1'],
  ['token a=1 token?a=1 "token"a=1', 'token a=1 token?a=1 "token"a=1'],
  ['token=a=1', 'token=[redacted]'],
  ['to=http://h/?token=a:b', 'to=http://h/?token=[redacted]'],
  ['pwd=a:pin=b&pin=&c=1', 'pwd=[redacted]&pin=[redacted]&c=1'],
  [
    'a api-key=b private.key=c',
    'a api-key=[redacted] private.key=[redacted]',
  ],
  [
    'user%5Bpwd%5D=b pwd[0]=c',
    'user%5Bpwd%5D=[redacted] pwd[0]=[redacted]',
  ],
  [
    'access%5Ftoken=a user[pwd]=b',
    'access%5Ftoken=[redacted] user[pwd]=[redacted]',
  ],
  ['{"pin" : 1234, "id": 5}', '{"pin" : [redacted], "id": 5}'],
  ['{"pin":12 ,', '{"pin":[redacted] ,'],
  ['{"pwd":"a b, c"}', '{"pwd":[redacted]}'],
  ['{"a":1,"pin":"","b":"pin"}', '{"a":1,"pin":[redacted],"b":"pin"}'],
  ['{"otp":"a\\"b","c":1}', '{"otp":[redacted],"c":1}'],
  ['{\\"otp\\":\\"1\\",\\"a\\":2}', '{\\"otp\\":[redacted]'],
  ['"token":"cut', '"token":[redacted]'],
  ['"token"\\"a": 1', '"token"\\"a": 1'],
  ['{"tokens":["a","b"],"c":1}', '{"tokens":[redacted],"c":1}'],
  ['{"auth":{"a":1,"b":2},"c":1}', '{"auth":[redacted],"c":1}'],
  ['{"auth":{"a":1,"b', '{"auth":[redacted]'],
  ["{ pwd: 'a b', 'otp':'' }", "{ pwd: [redacted], 'otp':[redacted] }"],
  [
    "pwd='a b c' db=x pwd='not closed",
    'pwd=[redacted] db=x pwd=[redacted]',
  ],
  ['the password: hunter2 is bad', 'the password: [redacted] is bad'],
  ['X-Api-Key: a b\r\nHost: c', 'X-Api-Key: [redacted]\r\nHost: c'],
  [
    'Cookie: a=1; b\nSet-Cookie: c d',
    'Cookie: [redacted]\nSet-Cookie: [redacted]',
  ],
  ['Authorization: Bearer a', 'Authorization: [redacted]'],
  ['invalid token: it is old', 'invalid token: [redacted] is old'],
  ['basics: no secrets, a token', 'basics: no secrets, a token'],
])('scrubs %s', (text, scrubbed) => {
  expect(scrubText(text)).toBe(scrubbed);
});

it.each([
  'user-Password passwd passphrase passCode dbPwd clientSecret',
  'ID_TOKEN jwtValue apiKey accesskey private.key Authorization',
  'Set-Cookie credentials X-Amz-Signature sessionId2',
  'cardNumber1 CVC cvv2 my-iban signingKey encryption_key',
  'pass DB_PASS smtpPass auth Sig connect.sid otp_code myUserPin ssn',
])('takes each of these keys for a secret: %s', (keys) => {
  const all = keys.split(' ');
  expect(all.filter((key) => !isSecretKey(key))).toEqual([]);
});

it('leaves harmless keys alone', () => {
  const keys =
    'compass author sign side hotpink pinned passing lesson key code';
  expect(keys.split(' ').filter(isSecretKey)).toEqual([]);
});

failure(
  'A text holds a line break, an escape sequence or a field called `level`',
  {
    symptom:
      'One line with the characters as escapes, and the fields below `details`',
    defence: 'to-json-line',
    remains:
      'A viewer that decodes the line must escape it again for its terminal or page',
  },
  () => {
    const { log, texts, last } = startTestLog();
    const text =
      '\n{"level":"error"}\u001b[2J\u009b2J\u2028\u2029\u202e\u061c\u200e\u2066';

    log.info(text, { level: 'fatal', time: 0, [text]: text });
    runWithLogContext({ level: 'fatal', message: 'forged' }, () =>
      log.info('second'),
    );

    expect(texts).toHaveLength(2);
    // Nothing but printable ASCII, and one line break at the end.
    expect(texts[0]).toMatch(/^[\u0020-\u007e]+\n$/);
    expect(texts[0]).toContain('\\u009b2J\\u2028\\u2029\\u202e\\u061c');
    expect(JSON.parse(texts[0] ?? '')).toEqual({
      time: NOW,
      level: 'info',
      message: text,
      context: {},
      details: { level: 'fatal', time: 0, [text]: text },
    });
    expect(last()).toEqual({
      time: NOW,
      level: 'info',
      message: 'second',
      context: { level: 'fatal', message: 'forged' },
    });
  },
);

failure(
  'A value is cyclic, or throws when it is read',
  {
    symptom:
      'The line is written, with `[cyclic]` or `[unreadable]` in that place',
    defence: 'convert',
    remains: 'The log calls getters, with their side effects',
  },
  () => {
    const { log, last } = startTestLog();
    const loop: Record<string, unknown> = {
      name: 'loop',
      get bad() {
        throw new Error('bad getter');
      },
    };
    loop.self = loop;
    loop.list = [loop];
    const shared = { id: 1 };
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    const unreadableKey = new Map([[Object.create(null), 1]]);
    const badJson = { toJSON: () => expect.fail('bad toJSON') };

    log.info('all', {
      loop,
      twice: [shared, shared],
      badJson,
      proxy: revoked.proxy,
      unreadableKey,
      invalid: new Date(Number.NaN),
      date: new Date(NOW),
      odd: [
        Number.NaN,
        10n,
        undefined,
        Symbol('s'),
        () => 1,
        null,
        true,
      ],
      bytes: Buffer.from('abc'),
      ['__proto__']: 1,
      absent: undefined,
      hidden: Object.defineProperty({}, 'hidden', { value: 1 }),
    });

    const { details } = last();
    expect(details).toEqual({
      loop: {
        name: 'loop',
        bad: '[unreadable]',
        self: '[cyclic]',
        list: ['[cyclic]'],
      },
      twice: [{ id: 1 }, { id: 1 }],
      badJson: '[unreadable]',
      proxy: '[unreadable]',
      unreadableKey: '[unreadable]',
      invalid: null,
      date: NOW,
      odd: [
        'NaN',
        '10',
        'undefined',
        'Symbol(s)',
        '[function]',
        null,
        true,
      ],
      bytes: '[3 bytes]',
      ['__proto__']: 1,
      hidden: {},
    });
    expect(details).not.toHaveProperty('absent');
    expect(Object.keys(details ?? {})).toContain('__proto__');
  },
);

failure(
  'A value is huge: 64 MB of text, a million items, 312 million shared lists',
  {
    symptom:
      'A line of 16 KB at most, with `[cut from …]` or `[more]` in it',
    defence: 'format',
    remains:
      'What was cut is gone: log an id, and keep the value elsewhere',
  },
  () => {
    const { log, texts, last } = startTestLog();
    let deep: object = {};
    for (let level = 0; level < 1000; level++) deep = { deep };
    const many = Array.from({ length: 1_000_000 }, (_, item) => item);
    const wide = Object.fromEntries(many.slice(0, 60).entries());
    const texts50 = many.slice(0, 50).map(() => 'é'.repeat(1000));

    log.info('k=é '.repeat(16 * 1024 * 1024), { deep, many, wide });
    expect(last().message).toBe(
      `${'k=é '.repeat(819)}k[cut from 67108864]`,
    );
    expect(JSON.stringify(last().details?.deep)).toBe(
      `${'{"deep":'.repeat(5)}"[too deep]"${'}'.repeat(5)}`,
    );
    expect(last().details?.many).toEqual([
      ...many.slice(0, 50),
      '[more]',
    ]);
    expect(Object.keys(last().details?.wide ?? {})).toEqual([
      ...many.slice(0, 50).map(String),
      '[more]',
    ]);

    log.info('all the room is taken', { texts50, after: 1 });
    expect(last().details?.texts50).toEqual([
      ...texts50.slice(0, 4),
      `${'é'.repeat(64)}[cut from 1000]`,
      '[more]',
    ]);
    expect(last().details).not.toHaveProperty('after');

    // Anchors of YAML: five levels of 50 lists are 312 million lists.
    let laughs: unknown[] = [];
    for (let level = 0; level < 6; level++)
      laughs = Array.from({ length: 50 }, () => laughs);
    log.info('all the room is taken', { laughs });
    expect(JSON.stringify(last().details).length).toBeLessThan(16_000);

    // A control character is six bytes in JSON.
    const control = { text: '\u0001'.repeat(4000) };
    runWithLogContext(control, () =>
      log.info('\u0001'.repeat(4000), control),
    );
    const message = `${'\u0001'.repeat(256)}[cut from 4000]`;
    expect(last()).toEqual({
      time: NOW,
      level: 'info',
      message,
      context: { text: message },
      details: { cut: 49_659 },
    });
    expect(Math.max(...texts.map((text) => text.length))).toBeLessThan(
      16_384,
    );
  },
);

it('cuts a line only when it is longer than 16 KB', () => {
  const { log, texts, last } = startTestLog();
  const details = { control: '\u0001'.repeat(2600), text: '' };
  log.info('one', details);
  details.text = 'x'.repeat(16_384 - (texts[0]?.length ?? 0));
  log.info('one', details);
  expect(texts[1]).toHaveLength(16_384);
  expect(last().details).toEqual(details);
  details.text += 'x';
  log.info('one', details);
  expect(last().details).toEqual({ cut: 16_385 });
});

it('keeps the later fields of a context when a caller sends a long path', () => {
  const { log, last } = startTestLog();
  runWithLogContext({ path: '/'.repeat(9000) }, () => {
    addToLogContext({ userId: 42 });
    log.info('one');
  });
  const path = `${'/'.repeat(256)}[cut from 9000]`;
  expect(last().context).toEqual({ path, userId: 42 });
  runWithLogContext({ ...Array(20).fill(path) }, () => log.info('one'));
  expect(JSON.stringify(last().context).length).toBeLessThan(2500);
});

it('keeps a text that just fits, and never half a character', () => {
  const convert = (text: string) =>
    toLoggable(text, { maxTextBytes: 9 });
  expect(convert('123456789')).toBe('123456789');
  expect(convert('1234567890')).toBe('123456789[cut from 10]');
  expect(convert('12345678é')).toBe('12345678[cut from 9]');
  expect(convert('1234567😀')).toBe('1234567[cut from 9]');
  expect(convert('12345😀')).toBe('12345😀');
  expect(convert('éééé!')).toBe('éééé!');
  expect(convert('123456\ufffd')).toBe('123456\ufffd');
  // Strict parsers refuse a line with half a surrogate pair.
  expect(convert('1\ud83d2\ude003')).toBe('1\ufffd2\ufffd3');
  expect(convert('123456\ud83d')).toBe('123456\ufffd');
  expect(convert('1\ufffd34567890')).toBe('1\ufffd34567[cut from 10]');
  expect(convert(`12345${' '.repeat(2000)}`)).toBe(
    '12345    [cut from 2005]',
  );
});

it('redacts a secret before it cuts the text in the middle of it', () => {
  const convert = (text: string) =>
    toLoggable(text, { maxTextBytes: 20 });
  const secret = 'canary'.repeat(100);
  expect(convert(`x://a:${secret}@host`)).toBe('x://[redacted]@host');
  // What was redacted makes room for what was not read to its end.
  const text = `token=${'x'.repeat(1000)} x://a:${secret}@host`;
  expect(toLoggable(text, { maxTextBytes: 40 })).not.toMatch('canary');
  expect(toLoggable(text)).toBe('token=[redacted] x://[redacted]@host');
});

it('spends its bytes to the last, and then says that there was more', () => {
  const convert = (value: unknown, maxBytes: number) =>
    toLoggable(value, { maxBytes });
  const pair = ['12345678', 'a'];
  expect(convert(pair, 8 + 8 + 8 + 8 + 1)).toEqual(pair);
  expect(convert(pair, 8 + 8 + 8 + 7)).toEqual(['12345678', '[more]']);
  const fields = { key: '12345678', b: 1 };
  expect(convert(fields, 8 + 3 + 8 + 8 + 1 + 8)).toEqual(fields);
  expect(convert(fields, 8 + 3 + 8 + 8 + 8)).toEqual({
    key: '12345678',
    b: '[cut]',
  });
  expect(convert(fields, 8 + 3 + 8 + 8 + 7)).toEqual({
    key: '12345678',
    '[more]': true,
  });
  expect(convert([1, true, null, []], 8 + 8 + 8 + 8)).toEqual([
    1,
    true,
    null,
    '[more]',
  ]);
});

it('reads a text in a time that is linear in its length', () => {
  for (const unit of ['eyJ-', 'basic ', '://', '":', 'a=', '\\": "'])
    scrubText(unit.repeat(50_000));
});

failure(
  'An error is logged',
  {
    symptom:
      'An object with name, message, code, cause and the frames of its stack, where JSON.stringify writes `{}`',
    defence: 'convert',
    remains:
      'Its other fields are left out: libraries add requests to errors',
  },
  () => {
    const { log, last } = startTestLog();
    const cause = Object.assign(new Error('connect ECONNREFUSED'), {
      code: 'ECONNREFUSED',
      request: { headers: 'many' },
    });
    const error = new TypeError('the order was not saved', { cause });

    log.error('it failed', { error });
    expect(last().details).toEqual({
      error: {
        name: 'TypeError',
        message: 'the order was not saved',
        stack: expect.stringMatching(/^ +at .*failures\./),
        cause: {
          name: 'Error',
          message: 'connect ECONNREFUSED',
          code: 'ECONNREFUSED',
          stack: expect.stringMatching(/^ +at .*failures\./),
        },
      },
    });

    const long = new Error('m'.repeat(9000), { cause });
    log.error('it failed', long);
    expect(last().details).toMatchObject({
      message: `${'m'.repeat(4096)}[cut from 9000]`,
      stack: expect.stringMatching(/^ +at .*failures\./),
      cause: {
        stack: expect.stringMatching(/^ +at .*failures\./),
      },
    });
    log.error(
      'it failed',
      new AggregateError([new Error('one')], 'all'),
    );
    expect(last().details).toMatchObject({
      name: 'AggregateError',
      errors: [{ message: 'one' }],
    });
    const made: object = Object.create(Error.prototype, {
      message: { value: 'made by hand' },
    });
    log.error('it failed', { made });
    expect(last().details).toEqual({
      made: { name: 'Error', message: 'made by hand' },
    });
    const forged = new Error('m\n    at the door');
    log.error('it failed', Object.assign(forged, { cause: { a: 1 } }));
    expect(last().details?.stack).not.toMatch('the door');
    expect(last().details?.cause).toEqual({ a: 1 });
    const empty = Object.assign(new Error('x'), { message: null });
    log.error('it failed', empty);
    expect(last().details).toMatchObject({
      message: null,
      name: 'Error',
    });
    const bare = Object.assign(new Error('x'), { stack: 'no frames' });
    log.error('it failed', bare);
    expect(last().details).toMatchObject({ stack: 'no frames' });
    const foreign: object = runInNewContext('new Error("of a vm")');
    log.error('it failed', foreign);
    expect(last().details).toMatchObject({ message: 'of a vm' });
  },
);

failure(
  'Nobody reads stdout: the log agent hangs, or a terminal is stopped',
  {
    symptom:
      'The application runs on and keeps 4 MB of lines; later the log has `log lines were dropped`, with their number',
    defence: 'write',
    remains:
      'Lines are missing, errors among them; a file or a terminal as stdout still blocks',
  },
  async () => {
    using pipe = openPipe();
    const output = openLogOutput(pipe.writer, 100_000);
    const log = createLog({ output });
    const count = 2000;
    for (let line = 1; line <= count; line++)
      log.info(`line ${line}`, { text: 'x'.repeat(200) });
    const dropped = output.countDropped();
    expect(dropped).toBeGreaterThan(count / 4);
    expect(dropped).toBeLessThan(count);

    const text = await readUntil(pipe, 'were dropped');
    log.info('after');
    const lines = parseLines(text + pipe.read());
    const messages = Array.from(
      { length: count - dropped },
      (_, line) => `line ${line + 1}`,
    );
    expect(lines.map(({ message }) => message)).toEqual([
      ...messages,
      'log lines were dropped',
      'after',
    ]);
    expect(lines.at(-2)).toEqual({
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      level: 'warn',
      message: 'log lines were dropped',
      context: {},
      details: { dropped },
    });
    expect(output.countDropped()).toBe(dropped);
  },
);

it('lets nothing grow while 50 MB are logged and nobody reads', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'log-'));
  const report = join(folder, 'report');
  // All logs of a process share one output of stdout.
  expect(openStdout()).toBe(openStdout());
  using child = runChild('flood', report);
  expect(await child.ended).toEqual({ code: 0, signal: null });
  const { dropped, grown } = JSON.parse(readFileSync(report, 'utf8'));
  rmSync(folder, { recursive: true });
  expect(dropped).toBeGreaterThan(11_000);
  expect(grown).toBeLessThan(60 * 1024 * 1024);
}, 30_000);

it('drops a line that alone is more than it may keep, and says so', () => {
  using pipe = openPipe();
  const output = openLogOutput(pipe.writer, 10);
  output.write('1234567890');
  output.write('1234567890');
  expect(pipe.read()).toBe('12345678901234567890');
  output.write('12345678901');
  output.write('abc');
  expect(pipe.read()).toMatch(/"details":\{"dropped":1\}\}\nabc$/);
  expect(output.countDropped()).toBe(1);
});

it('loses nothing to a reader that is only late', () => {
  using pipe = openPipe();
  const size = 64 * 1024;
  const output = openLogOutput(pipe.writer, size);
  output.write('x'.repeat(size));
  output.write('y'.repeat(size));
  expect(pipe.read()).toMatch(/^x+$/);
  output.write('z'); // there is no room for it, but the pipe has some
  expect(pipe.read()).toMatch(/^y+$/);
  output.flush(0);
  expect(pipe.read()).toBe('z');
  expect(output.countDropped()).toBe(0);
});

it('keeps 4 MB, drops until half of it is free again, and does not keep the process alive', () => {
  using pipe = openPipe();
  const output = openLogOutput(pipe.writer);
  const countTimers = () =>
    process
      .getActiveResourcesInfo()
      .filter((kind) => kind === 'Timeout');
  const timers = countTimers();
  const size = 64 * 1024;
  const line = 'x'.repeat(size);
  // One is in the pipe, 64 are kept except for ten bytes.
  for (let count = 0; count < 64; count++) output.write(line);
  output.write(line.slice(10));
  expect(output.countDropped()).toBe(0);
  output.write(line);
  output.write('short');
  expect(output.countDropped()).toBe(2);
  expect(countTimers()).toEqual(timers);

  const readMore = (lines: number) => {
    for (let count = 0; count < lines; count++) {
      expect(pipe.read()).toBe(line);
      output.flush(0);
    }
  };
  readMore(31);
  output.write('still too early');
  expect(output.countDropped()).toBe(3);
  readMore(1);
  output.write('in time');
  expect(output.countDropped()).toBe(3);
  readMore(32);
  const most = pipe.read();
  output.flush(0);
  const end = most + pipe.read();
  expect(end).toMatch(/^x+\{.*"dropped":3\}\}\nin time$/);
});

failure(
  'The process exits, crashes or is killed right after a line',
  {
    symptom:
      'The line is in the log: it was written before the call returned',
    defence: 'flush',
    remains:
      'The end waits half a second for a reader that does not read; then the kept lines are lost. A signal without a handler loses them at once',
  },
  async () => {
    const readMessages = async (mode: string) => {
      using child = runChild(mode);
      const lines = parseLines(await child.read());
      return lines.map(({ message }) => message);
    };
    const all = Array.from(
      { length: 2000 },
      (_, line) => `line ${line}`,
    );
    const modes = ['exit', 'crash', 'kill'];
    expect(await Promise.all(modes.map(readMessages))).toEqual([
      all,
      all,
      ['the last words'],
    ]);
    using pipe = openPipe();
    const output = openLogOutput(pipe.writer);
    const size = 20 * 8192;
    for (let line = 0; line < 20; line++)
      output.write('x'.repeat(8192));
    const start = performance.now();
    const before = process.cpuUsage();
    process.listeners('exit').at(-1)?.(0);
    expect(performance.now() - start).toBeGreaterThan(499);
    expect(performance.now() - start).toBeLessThan(4000);
    // It sleeps meanwhile: others need the processor.
    const { user, system } = process.cpuUsage(before);
    expect(user + system).toBeLessThan(100_000);
    let read = 0;
    while (read < size) {
      const some = pipe.read().length;
      expect(some).toBeGreaterThan(0);
      read += some;
      output.flush(0);
    }
    expect(read).toBe(size);
  },
);

failure(
  'The reader of the log is gone (EPIPE), and comes back',
  {
    symptom:
      'The application runs on; lines are kept, up to the limit, and tried again',
    defence: 'write',
    remains:
      'A pipe of the shell has no second reader: then all later lines are lost',
  },
  async () => {
    using pipe = openPipe();
    const output = openLogOutput(pipe.writer, 20);
    pipe.closeReader();
    output.write('line 1\n');
    output.write('line 2\n');
    output.write('a line that is too long\n');
    output.flush(0);
    expect(output.countDropped()).toBe(1);

    pipe.openReader();
    const text = await readUntil(pipe, 'dropped":1}}\n');
    expect(text).toMatch(/^line 1\nline 2\n\{.*\}\n$/);
  },
);

failure(
  'Log lines of two requests are mixed, and have nothing that tells them apart',
  {
    symptom:
      'Each line carries the fields of its request, over every `await`',
    defence: 'log-context',
    remains:
      'Callbacks of an emitter or a pool run in the context that registered them; bind them with `AsyncLocalStorage.bind`',
  },
  async () => {
    const { log, read } = startTestLog();
    async function request(id: number) {
      log.info('begins');
      await nextTurn();
      addToLogContext({ user: `user ${id}` });
      await runWithLogContext(
        { step: 'pay', user: 'inner' },
        async () => {
          await nextTurn();
          addToLogContext({ paid: true });
          log.info('pays');
        },
      );
      log.info('ends');
      return id;
    }
    const ids = await Promise.all(
      [1, 2].map((id) =>
        runWithLogContext({ request: id }, () => request(id)),
      ),
    );
    addToLogContext({ lost: true });

    expect(ids).toEqual([1, 2]);
    const ofFirst = read().filter(
      ({ context }) => context.request === 1,
    );
    expect(ofFirst.map(({ context }) => context)).toEqual([
      { request: 1 },
      { request: 1, user: 'inner', step: 'pay', paid: true },
      { request: 1, user: 'user 1' },
    ]);
    expect(read()).toHaveLength(6);
    expect(readLogContext()).toEqual({});
  },
);

failure(
  'Debug lines are needed now, and a restart would end the incident',
  {
    symptom:
      '`log.level` may be set at any time; a wrong name is refused',
    defence: 'set-level',
    remains:
      'The level applies to one process: change it in each instance',
  },
  () => {
    const { log, read } = startTestLog();
    const order: LogLevel[] = ['debug', 'info', 'warn', 'error'];
    for (const level of order) {
      log.level = level;
      expect(log.level).toBe(level);
      for (const of of order) log[of](`${of} at ${level}`);
    }
    expect(read().map(({ message }) => message)).toEqual([
      'debug at debug',
      'info at debug',
      'warn at debug',
      'error at debug',
      'info at info',
      'warn at info',
      'error at info',
      'warn at warn',
      'error at warn',
      'error at error',
    ]);
    expect(
      read()
        .map(({ level }) => level)
        .slice(0, 4),
    ).toEqual(order);

    const misspelt: string = 'verbose';
    const setting = { level: misspelt as LogLevel };
    expect(() => createLog(setting)).toThrow(
      'there is no log level "verbose": use debug, info, warn, error',
    );
    expect(() => Object.assign(log, setting)).toThrow(TypeError);
    expect(log.level).toBe('error');
    const { log: fresh, texts } = startTestLog();
    fresh.debug('silent');
    expect([fresh.level, texts]).toEqual(['info', []]);
  },
);

function startTestLog() {
  const output = createTestOutput();
  const log: Log = createLog({ output, clock: () => new Date(NOW) });
  return { log, ...output };
}

async function readUntil(
  pipe: ReturnType<typeof openPipe>,
  end: string,
): Promise<string> {
  let text = '';
  await waitUntil(`the log has ${end}`, () => {
    text += pipe.read();
    return text.includes(end) && text.endsWith('\n');
  });
  return text;
}
