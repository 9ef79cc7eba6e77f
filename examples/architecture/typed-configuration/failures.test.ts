import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect, parseEnv } from 'node:util';
import { deserialize, serialize } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { failure } from '@touchstone/kit/testing/failure';
import { expect, onTestFinished } from 'vitest';
import { z } from 'zod';
import { describeEnvironment } from './describe-environment.ts';
import { EnvironmentError, readEnvironment } from './environment.ts';
import {
  duration,
  httpUrl,
  port,
  secretUrl,
  wholeNumber,
} from './fields.ts';
import { hidden, Secret, secret } from './secret.ts';
import { readShopSettings, shopSchema } from './shop-settings.ts';

const KEY = randomBytes(32).toString('base64url');
const TOKEN = 'ghp_16C7e42F292c6912E7710c838347';
const KEY_RULE =
  'must be at least 32 random bytes as hex or base64; make one: node -p "crypto.randomBytes(32).toString(\'base64url\')"';
const schema = z.object({
  APP_PORT: port().prefault('3000').describe('Where to listen.'),
  APP_URL: httpUrl().describe('Where the app is.'),
  APP_KEY: secret().describe('Signs sessions.'),
});
const RIGHT = { APP_URL: 'https://app.test', APP_KEY: KEY };

failure(
  'Variables are missing or wrong',
  {
    symptom:
      'The program does not start; one error names every variable and what to set, and no value',
    defence: 'read-environment',
    remains:
      'A message of your own rule may quote what is not a secret, and zod names the keys of an object in JSON',
  },
  () => {
    const list = z
      .string()
      .transform((text) => text.split(',').map((url) => ({ url })))
      .pipe(z.array(z.object({ url: z.url() })));
    const all = schema.extend({
      A_LIST: list,
      A_URL: z.string().transform((text) => new URL(text)),
      A_THING: z.string().transform((text) => {
        throw text;
      }),
      A_TOKEN: hidden(z.string()).refine(() => false, {
        error: ({ input }) => `must not be ${input}`,
      }),
    });
    const environment = {
      APP_PORT: '',
      APP_KEY: 'hunter2',
      A_LIST: 'https://a.test,hunter2',
      A_URL: 'hunter2',
      A_THING: 'hunter2',
      A_TOKEN: 'hunter2',
    };

    const error = catchError(() => readEnvironment(all, environment));

    expect(error.code).toBe('invalid_environment');
    expect(error.name).toBe('EnvironmentError');
    expect(error.message.split('\n')).toEqual([
      'APP_PORT: is empty; set it, or remove it',
      'APP_URL: is not set; must be a URL that begins with https:// or http://, without a password',
      `APP_KEY: is too short; ${KEY_RULE}`,
      'A_LIST: 1.url: Invalid URL',
      'A_URL: is not valid: the schema throws a TypeError',
      'A_THING: is not valid: the schema throws a string',
      'A_TOKEN: is not valid: the schema throws a TypeError',
    ]);
    expect(inspect(error)).not.toContain('hunter2');
    expect(environment.APP_KEY).toBe('hunter2');
    const blank = { ...RIGHT, APP_PORT: ' \n' };
    expect(tell(() => readEnvironment(schema, blank))).toBe(
      'APP_PORT: is empty; set it, or remove it',
    );

    const pair = z
      .object({ MIN: port(), MAX: port(), NOTE: z.string().optional() })
      .refine(({ MIN, MAX }) => MIN < MAX, {
        path: ['MAX'],
        error: 'low',
      })
      .refine(({ MIN, MAX }) => MIN + MAX < 9, 'too much');
    const both = { MIN: '8', MAX: '3' };
    expect(tell(() => readEnvironment(pair, both))).toBe(
      'MAX: low\ntoo much',
    );
    expect(tell(() => readEnvironment(pair, { MIN: '8' }))).toBe(
      'MAX: is not set; must be a whole number from 0 to 65535',
    );
    expect(readEnvironment(pair, { MIN: '3', MAX: '4' })).toEqual({
      MIN: 3,
      MAX: 4,
    });
  },
);

failure(
  'A name has a typo',
  {
    symptom:
      'The start fails with `APP_PROT: is not known; correct it, or remove it`; a default does not hide it',
    defence: 'find-typos',
    remains:
      'A name without your prefix. Kubernetes sets APP_SERVICE_HOST for a service named `app`: choose another prefix, or `enableServiceLinks: false`',
  },
  () => {
    const read = (names: Record<string, string>, prefix?: string) =>
      readEnvironment(schema, { ...RIGHT, ...names }, prefix);
    const names = {
      APP_PROT: '80',
      app_url: 'x',
      APPS: '1',
      MY_APP_: '2',
    };
    const unknown = [
      'APP_PROT: is not known; correct it, or remove it',
      'app_url: is not known; correct it, or remove it',
    ].join('\n');

    expect(tell(() => read(names, 'APP_'))).toBe(unknown);
    expect(tell(() => read(names, 'app_'))).toBe(unknown);
    expect(tell(() => read({ ...names, APP_PORT: 'x' }, 'APP_'))).toBe(
      `APP_PORT: must be a whole number from 0 to 65535\n${unknown}`,
    );
    expect(read(names).APP_PORT).toBe(3000);
    expect(read({ APP_PORT: '80' }, 'APP_').APP_PORT).toBe(80);
    const mixed = schema.extend({ PORT: port() });
    const set = { ...RIGHT, PORT: '81' };
    expect(readEnvironment(mixed, set, 'APP_').PORT).toBe(81);
  },
);

failure(
  'A switch is "false", "no" or "0"',
  {
    symptom:
      '`z.stringbool` reads all three as false; `flase` stops the start',
    defence: 'shop-settings',
    remains:
      '`z.coerce.boolean` in your schema: it reads `false` as true',
  },
  () => {
    const read = (text: string) =>
      readShopSettings({
        SHOP_BASE_URL: 'https://shop.test',
        SHOP_DATABASE_URL: 'postgres://shop:pw@db/shop',
        SHOP_SESSION_KEY: KEY,
        SHOP_TEST_PAYMENTS: text,
      }).SHOP_TEST_PAYMENTS;

    expect(['false', 'no', '0', 'False'].map(read)).toEqual(
      Array(4).fill(false),
    );
    expect(['true', 'yes', '1'].map(read)).toEqual(Array(3).fill(true));
    for (const text of ['flase', '2', 'constructor'])
      expect(tell(() => read(text))).toBe(
        'SHOP_TEST_PAYMENTS: must be true or false',
      );
  },
);

failure(
  'A number is empty, 1e3, 0x10 or 3000abc, or a timeout has no unit',
  {
    symptom:
      '`must be a whole number from 0 to 65535`, or `must be a time with its unit`; a time that a timer cannot wait is refused',
    defence: 'whole-number',
    remains:
      'A timeout within bounds can still be too long for your callers',
  },
  () => {
    const read = (text: string) => port().safeParse(text).data;
    const right = ['0', '3', '10', '65535'];
    expect(right.map(read)).toEqual([0, 3, 10, 65_535]);
    const wrong =
      '1e3 0x10 3000abc a3 3.0 +3 03 -0 -1 65536 NaN ٣ 1_000'.split(
        ' ',
      );
    for (const text of [...wrong, '', ' ', ' 3', '3 ', '3\n'])
      expect(read(text), text).toBeUndefined();
    const small = wholeNumber(-20, 5);
    const near = ['-21', '-20', '-3', '5', '6'];
    expect(near.map((text) => small.safeParse(text).data)).toEqual([
      undefined,
      -20,
      -3,
      5,
      undefined,
    ]);
    const large = wholeNumber(0, Infinity);
    expect(large.parse('9007199254740991')).toBe(2 ** 53 - 1);
    for (const [field, value] of [
      [port(), 'x'],
      [port(), '65536'],
      [port(), '-1'],
      [port(), undefined],
    ] as const)
      expect(tellField(field, value)).toBe(
        'must be a whole number from 0 to 65535',
      );
    const moved = z.object({ PORT: z.coerce.number().default(3000) });
    expect(readEnvironment(moved, {}).PORT).toBe(3000);
    expect(tell(() => readEnvironment(moved, { PORT: '' }))).toBe(
      'PORT: is empty; set it, or remove it',
    );
    expect(tellField(large, '9007199254740993')).toBe(
      'must be a whole number from 0 to Infinity',
    );

    const readTime = (text: string) => duration().safeParse(text).data;
    const times = [
      '0s',
      '500ms',
      '30s',
      '5m',
      '2h',
      '7d',
      '2147483647ms',
    ];
    expect(times.map(readTime)).toEqual([
      0, 500, 30_000, 300_000, 7_200_000, 604_800_000, 2_147_483_647,
    ]);
    const wrongTimes =
      '30 1.5h -1s 1w s 30S x30s 2147483648ms 25d 1e3s'.split(' ');
    for (const text of [...wrongTimes, '', '30 s', '30s '])
      expect(readTime(text), text).toBeUndefined();
    expect(duration(31_536_000_000).parse('30d')).toBe(2_592_000_000);
    for (const value of ['9', '2s', undefined])
      expect(tellField(duration(1000), value)).toBe(
        'must be a time with its unit, such as 30s, 5m, 2h or 30d, of at most 1s',
      );
  },
);

failure(
  'A URL is relative, has another scheme, or holds a password',
  {
    symptom:
      '`must be a URL that begins with https:// or http://, without a password`',
    defence: 'http-url',
    remains:
      'Not covered: the host of the URL; the pattern trusts settings. A token in the query',
  },
  () => {
    const rule =
      'must be a URL that begins with https:// or http://, without a password';
    const wrong =
      'app.test /a https:/app.test ftp://a mailto:a@b https:// xhttps://a https://a:99999';
    const withUser =
      'https://ada:pw@a http://ada@a https://:pw@a https://@a';
    const spaced = [
      ' https://a.test',
      'https://a/ b',
      'https://a\n',
      '',
    ];
    for (const text of [
      ...wrong.split(' '),
      ...withUser.split(' '),
      ...spaced,
      undefined,
    ])
      expect(tellField(httpUrl(), text), text).toBe(rule);
    for (const text of [
      'https://app.test/@ada',
      'https://app.test?next=https://ada@a.test',
      'https://app.test?mail=ada@a.test',
      'https://app.test#a@b',
      'http://127.0.0.1:3000',
    ])
      expect(httpUrl().parse(text)).toBe(text);

    const database = secretUrl('postgres', 'postgresql');
    for (const text of [
      'postgres://ada:pw@db/shop',
      'postgresql://db/a',
    ])
      expect(database.parse(text).reveal()).toBe(text);
    const refused =
      'mysql://db/shop postgres:db x-postgres://db postgres://a:99999';
    const others = ['', 'postgres://db/ shop', undefined];
    for (const text of [...refused.split(' '), ...others])
      expect(tellField(database, text), text).toBe(
        'must be a URL that begins with postgres:// or postgresql://',
      );
  },
);

failure(
  'A secret is short, from a tutorial, or has a default',
  {
    symptom:
      '`is too short`, `is easy to guess`, or `is not set; a secret takes no default`',
    defence: 'judge-secret',
    remains:
      'Not covered: a long secret that an attacker already knows',
  },
  () => {
    const weakness = (text: string) =>
      tellField(secret(), text)?.split(';')[0];

    for (const encoding of ['base64', 'base64url', 'hex'] as const)
      for (let n = 0; n < 500; n++)
        expect(
          weakness(randomBytes(32).toString(encoding)),
        ).toBeUndefined();
    expect(weakness(KEY.slice(0, 42))).toBe('is too short');
    for (const character of [' ', '\n', '\0', 'é', '\x7f'])
      expect(weakness(`${KEY}${character}`)).toMatch(/^has a space/);
    expect(weakness(`!${KEY}~`)).toBeUndefined();
    const tail = 'Zq8-Wv3_Xk7.Jt5+Bn2=Hy6Lp9/Rd40Gs1FuMc9Ie';
    const words =
      'secret PassWord change-me changeme example default 123456 abcdef qwerty';
    for (const word of words.split(' '))
      expect(weakness(`${word}${tail}`)).toBe('is easy to guess');
    expect(weakness(`nothing${tail}`)).toBeUndefined();
    for (const text of [
      'correct-horse-battery-'.repeat(3),
      [...'012789abc'.repeat(5)].toSorted().join(''),
      `${randomBytes(24).toString('base64url')}Zx9-Qw7LZx9-Qw7L`,
    ])
      expect(weakness(text)).toBe('is easy to guess');
    const digits = '14159265358979323846264338327950288419716939937510';
    expect(weakness(digits)).toBeUndefined();
    const longest = randomBytes(512).toString('hex');
    expect(weakness(longest)).toBeUndefined();
    expect(weakness(`${longest}a`)).toBe('is too long');
    expect(tellField(secret(), 'short')).toBe(
      `is too short; ${KEY_RULE}`,
    );
    expect(tellField(secret(), undefined)).toBe(KEY_RULE);
    const advice = KEY_RULE.split('make one: ')[1] ?? '';
    const made = execFileSync('sh', ['-c', advice], {
      encoding: 'utf8',
    });
    expect(secret().parse(made.trim()).reveal()).toBe(made.trim());

    for (const unsafe of [
      secret().prefault(KEY),
      secret().default(new Secret(KEY)),
      z.union([secret(), z.null()]).prefault(KEY),
      z.array(secret()).default([new Secret(KEY)]),
    ])
      expect(
        tell(() => readEnvironment(z.object({ APP_KEY: unsafe }), {})),
      ).toBe('APP_KEY: is not set; a secret takes no default');
  },
);

failure(
  'Settings are logged, sent as JSON, cloned, or changed',
  {
    symptom:
      '`[secret]` in each; a change, or a text made of a secret, throws a TypeError',
    defence: 'hide-secret',
    remains:
      'Not covered: a secret that your code reveals and then logs; a list in a setting can be changed; heap snapshots and core dumps',
  },
  () => {
    const environment = { ...RIGHT };
    const settings = readEnvironment(schema, environment);
    const { APP_KEY: key } = settings;
    const prints = [
      JSON.stringify(settings),
      inspect(settings, { depth: 9, showHidden: true }),
      inspect(new Error('failed', { cause: key })),
      inspect(settings, { customInspect: false, showHidden: true }),
      inspect(structuredClone({ ...settings }), { showHidden: true }),
      inspect(deserialize(serialize(settings))),
      inspect(Object.getOwnPropertyDescriptors(key)),
      inspect({ ...key }),
    ];

    expect(prints.join()).not.toContain(KEY);
    expect(prints[0]).toContain('"APP_KEY":"[secret]"');
    expect(prints[1]).toContain('APP_KEY: [secret]');
    expect(prints[2]).toContain('[secret]');
    expect(key.reveal()).toBe(KEY);
    for (const makeText of [
      () => `${key}`,
      () => new Headers([['authorization', String(key)]]),
      () => JSON.stringify({ [String(key)]: 1 }),
    ])
      expect(makeText).toThrow('a secret has no text: call reveal()');
    expect(() => Object.assign(settings, { APP_PORT: 1 })).toThrow(
      TypeError,
    );
    environment.APP_URL = 'https://elsewhere.test';
    expect(settings.APP_URL).toBe('https://app.test');
  },
);

failure(
  'A child process, a worker or a diagnostic report gets the secrets',
  {
    symptom: 'They have the other variables; the secrets are not there',
    defence: 'forget-secrets',
    remains:
      '`/proc/<pid>/environ` shows the first environment to root and to the same user: mount secrets as files. Secrets deeper than a list or record: use `hidden`',
  },
  async () => {
    const first = {
      ...RIGHT,
      A_LIST: `${KEY},${KEY}`,
      A_RECORD: `{"user":"ada","token":"${TOKEN}"}`,
      A_TOKEN: TOKEN,
      A_DATABASE: `postgres://ada:${TOKEN}@db/shop`,
    };
    Object.assign(process.env, first);
    onTestFinished(() => {
      for (const name of Object.keys(first)) delete process.env[name];
    });
    const all = schema.extend({
      A_LIST: z
        .string()
        .transform((text) => text.split(','))
        .pipe(z.array(secret())),
      A_RECORD: z
        .string()
        .transform((text) => JSON.parse(text))
        .pipe(
          z.object({ user: z.string(), token: hidden(z.string()) }),
        ),
      A_TOKEN: hidden(z.string()).nullable(),
      A_DATABASE: secretUrl('postgres').optional(),
      A_NOTHING: z.string().transform(() => null),
      A_CYCLE: z.string().transform(() => globalThis),
    });
    const more = { A_NOTHING: 'x', A_CYCLE: 'x' };

    const copy = { ...process.env, ...more };
    expect(readEnvironment(all, copy).APP_KEY.reveal()).toBe(KEY);
    expect(copy.A_CYCLE).toBe('x');
    Object.assign(process.env, more);
    const settings = readEnvironment(all);

    expect(settings.APP_KEY.reveal()).toBe(KEY);
    expect(settings.A_RECORD.token.reveal()).toBe(TOKEN);
    expect(tell(() => readEnvironment(schema))).toMatch(
      /^APP_KEY: is not set; /,
    );
    const child = execFileSync(
      process.execPath,
      ['-p', 'JSON.stringify(process.env)'],
      { encoding: 'utf8' },
    );
    const worker = new Worker(
      'require("worker_threads").parentPort.postMessage({ ...process.env })',
      { eval: true },
    );
    const inWorker = await new Promise((resolve) =>
      worker.once('message', resolve),
    );
    await worker.terminate();
    for (const text of [
      child,
      JSON.stringify(inWorker),
      JSON.stringify(process.report.getReport()),
    ]) {
      expect(text).toContain('https://app.test');
      expect(text).not.toContain(KEY);
      expect(text).not.toContain(TOKEN);
    }
  },
);

failure(
  'A secret is mounted as a file, and the file is not right',
  {
    symptom:
      '`its _FILE is not a file of at most 64 KiB`, `cannot be read`, or `is empty`',
    defence: 'read-secret-file',
    remains: 'A file that changes later is read at the next start',
  },
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'secret-file-'));
    onTestFinished(() =>
      rmSync(folder, { recursive: true, force: true }),
    );
    const read = (APP_KEY_FILE: string, more = {}) =>
      readEnvironment(
        schema,
        { APP_URL: 'https://app.test', APP_KEY_FILE, ...more },
        'APP_',
      );
    const write = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const key = write('key', KEY);

    for (const end of ['', '\n', '\r\n'])
      expect(read(write('ends', `${KEY}${end}`)).APP_KEY.reveal()).toBe(
        KEY,
      );
    const largest = randomBytes(32 * 1024).toString('hex');
    const limit = 'APP_KEY: its _FILE is not a file of at most 64 KiB';
    expect(tell(() => read(write('large', `${largest}x`)))).toBe(limit);
    expect(tell(() => read(write('largest', largest)))).toContain(
      'is too long',
    );
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    for (const path of [join(folder, 'pipe'), folder, '/dev/zero'])
      expect(tell(() => read(path))).toBe(limit);
    for (const path of ['', 'missing', `${key}/under`, 'a\0b', KEY])
      expect(tell(() => read(path))).toBe(
        'APP_KEY: its _FILE cannot be read',
      );
    for (const text of [`\n${KEY}`, `${KEY}\n\n`, `${KEY}\0`])
      expect(tell(() => read(write('space', text)))).toContain(
        'has a space',
      );
    expect(tell(() => read(write('empty', ' \n')))).toBe(
      'APP_KEY: is empty; set it, or remove it',
    );
    expect(tell(() => read(key, { APP_KEY: KEY }))).toBe(
      'APP_KEY: is set, and so is APP_KEY_FILE; remove one',
    );
    expect(
      read(key, {
        APP_URL: undefined,
        APP_URL_FILE: write('url', 'https://zoë.test'),
      }).APP_URL,
    ).toBe('https://zoë.test');
  },
);

failure(
  'A variable is added, and the document is not',
  {
    symptom:
      'A test compares `.env.example` with the schema and fails; a variable without a description throws',
    defence: 'describe-environment',
    remains: 'Not covered: a description that is no longer true',
  },
  async () => {
    const all = schema.extend({
      APP_MODE: z.string().optional().describe('One,\ntwo,\nthree.'),
      APP_TEXT: z.string().prefault("it's a=b").describe('Text.'),
      APP_WAIT: duration().prefault('5m').describe('A time.'),
      COUNT: port().default(0).describe('A number.'),
      SWITCH: z.stringbool().default(false).describe('A switch.'),
      DAY: z.coerce.date().describe('A day.'),
    });

    const text = describeEnvironment(all);

    expect(
      text,
    ).toBe(`# NAME_FILE: the path of a file with the value of NAME.

# Where to listen. Optional.
# APP_PORT=3000

# Where the app is. Required.
APP_URL=

# Signs sessions. Required.
APP_KEY=

# One,
# two,
# three. Optional.
# APP_MODE=

# Text. Optional.
# APP_TEXT=it's a=b

# A time. Optional.
# APP_WAIT=5m

# A number. Optional.
# COUNT=0

# A switch. Optional.
# SWITCH=false

# A day. Required.
DAY=
`);
    const set = parseEnv(text.replaceAll(/^# (?=[A-Z_]+=.)/gm, ''));
    const missing = { ...RIGHT, DAY: '2026-11-29' };
    expect(readEnvironment(all, { ...set, ...missing })).toMatchObject({
      APP_TEXT: "it's a=b",
      APP_WAIT: 300_000,
    });
    const describeField = (field: z.ZodType) => () =>
      describeEnvironment(z.object({ NEW: field.describe('New.') }));
    expect(() =>
      describeEnvironment(z.object({ NEW: port() })),
    ).toThrow("NEW needs a text: .describe('…')");
    expect(describeField(secret().prefault(KEY))).toThrow(
      'NEW is a secret and has a default',
    );
    for (const field of [
      duration().default(10_000),
      duration().default(0),
      port().default(99_999),
      z.string().prefault('a #1'),
      z.string().prefault('a\nb'),
    ])
      expect(describeField(field)).toThrow(
        "NEW needs its default as it is set: .prefault('…')",
      );
    await expect(describeEnvironment(shopSchema)).toMatchFileSnapshot(
      '.env.example',
    );
  },
);

function catchError(read: () => unknown): EnvironmentError {
  try {
    read();
  } catch (error) {
    if (error instanceof EnvironmentError) return error;
    throw error;
  }
  throw new Error('no error was thrown');
}

function tell(read: () => unknown): string {
  return catchError(read).message;
}

function tellField(field: z.ZodType, value: unknown) {
  return field.safeParse(value).error?.issues[0]?.message;
}
