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
import { EnvironmentError, readEnvironment } from './environment.ts';
import {
  boolean,
  duration,
  httpUrl,
  port,
  wholeNumber,
} from './fields.ts';
import { nearestName } from './nearest-name.ts';
import { Secret, secret, secretUrl } from './secret.ts';
import { shopSchema } from './shop-settings.ts';
import { describeEnvironment } from './variables.ts';

const ADVICE = 'make one';
const KEY = randomBytes(32).toString('base64url');
const schema = z.object({
  APP_PORT: port().prefault('3000').describe('Where to listen.'),
  APP_URL: httpUrl().describe('Where the app is.'),
  APP_KEY: secret(ADVICE).describe('Signs sessions.'),
});
const RIGHT = { APP_URL: 'https://app.test', APP_KEY: KEY };

failure(
  'Variables are missing or wrong',
  {
    symptom:
      'The program does not start; one error names every variable and what to set, and no value',
    defence: 'read-environment',
    remains:
      'Rules that compare two variables run once each of them is right',
  },
  () => {
    const rule = z.string().refine(() => false, {
      error: ({ input }) => `must not be ${input}`,
    });
    const list = z
      .string()

      .transform((text) => text.split(',').map((url) => ({ url })))
      .pipe(
        z.array(z.object({ url: z.url({ error: 'must be a URL' }) })),
      );
    const all = schema.extend({
      A_RULE: rule,
      SHORT: rule,
      A_LIST: list,
    });
    const environment = {
      APP_PORT: '',
      APP_KEY: 'hunter2',
      A_RULE: 'hunter2-of-production',
      SHORT: 'hunter2',
      A_LIST: 'https://a.test,b',
    };

    const error = catchError(() => readEnvironment(all, environment));

    expect(error.code).toBe('invalid_environment');
    expect(error.name).toBe('EnvironmentError');
    expect(error.message.split('\n')).toEqual([
      'APP_PORT: is empty; set it, or remove it',
      'APP_URL: is not set; must be a URL that begins with https:// or http://, without a password',
      'APP_KEY: is too short; must be at least 32 random bytes as hex or base64; make one',
      'A_RULE: is not valid',
      'SHORT: must not be hunter2',
      'A_LIST: at 1.url: must be a URL',
    ]);
    expect([...error.faults.keys()]).toHaveLength(6);
    expect(environment.APP_KEY).toBe('hunter2');
    const blank = { ...RIGHT, APP_PORT: ' ' };
    expect(tell(() => readEnvironment(schema, blank))).toBe(
      'APP_PORT: is empty; set it, or remove it',
    );
    const message = {
      error: ({ input }: { input: unknown }) =>
        `do not fit: ${JSON.stringify(input)}`,
    };
    const pair = z.object({ A: z.string(), B: z.string() });
    expect(
      tell(() =>
        readEnvironment(
          pair.refine(() => false, message),
          { A: 'x', B: 'hunter2!' },
        ),
      ),
    ).toBe('environment: is not valid');
    expect(
      tell(() =>
        readEnvironment(
          pair.refine(() => false, message),
          { A: 'x', B: 'y' },
        ),
      ),
    ).toBe('environment: do not fit: {"A":"x","B":"y"}');
    const custom = z.object({ A: z.custom<string>() });
    expect(readEnvironment(custom, { A: 'x' })).toEqual({ A: 'x' });
    const optional = z.object({ A: z.string().optional() });
    expect(readEnvironment(optional, { OTHER: ' ' })).toEqual({});
  },
);

failure(
  'A name has a typo',
  {
    symptom:
      'The start fails with `is not known; did you mean APP_PORT?`; a default does not hide it',
    defence: 'find-typos',
    remains:
      'A name without your prefix. Kubernetes sets APP_SERVICE_HOST for a service named `app`: choose another prefix, or `enableServiceLinks: false`',
  },
  () => {
    const prefix = { prefix: 'APP_' };
    const read = (names: Record<string, string>, options = prefix) =>
      readEnvironment(schema, { ...RIGHT, ...names }, options);

    expect(
      tell(() =>
        read({
          APP_PROT: '80',
          app_url: 'x',
          APP_COLOUR_OF_ALL: 'red',
        }),
      ),
    ).toBe(
      [
        'APP_PROT: is not known; did you mean APP_PORT?',
        'app_url: is not known; did you mean APP_URL?',
        'APP_COLOUR_OF_ALL: is not known; remove it',
      ].join('\n'),
    );
    expect(
      tell(() => read({ APP_X: '1' }, { prefix: 'app_' })),
    ).toContain('APP_X');
    expect(tell(() => read({ APP_PORT_FILE: 'x' }))).toContain(
      'APP_PORT_FILE: is not known',
    );
    expect(read({ APPS: '1', MY_APP_PORT: '2' }).APP_PORT).toBe(3000);
    expect(
      readEnvironment(schema, { ...RIGHT, APP_X: '1' }).APP_PORT,
    ).toBe(3000);
    const names = [
      'APP_PORT',
      'APP_PATH',
      'DB',
      'APP_CONNECTION_LIMIT',
    ];
    expect(nearestName('XDB', names)).toBe('DB');
    expect(nearestName('APP_CONNECTION_WXYIT', names)).toBe(
      'APP_CONNECTION_LIMIT',
    );
    expect(nearestName('APP_CONNECTION_WXYZT', names)).toBeUndefined();
    const typos = [
      'APP_PROT',
      'APP_ORT',
      'APP_PPORT',
      'APP_PAT',
      'XX',
      'D',
      'BD',
      'APP_LIMITS',
      'APPXPQRTY',
      '',
    ];
    expect(typos.map((typo) => nearestName(typo, names))).toEqual([
      'APP_PORT',
      'APP_PORT',
      'APP_PORT',
      'APP_PATH',
      undefined,
      'DB',
      undefined,
      undefined,
      'APP_PORT',
      undefined,
    ]);
  },
);

failure(
  'A switch is "false", "no" or "0"',
  {
    symptom: '`false` is false; any other spelling stops the start',
    defence: 'boolean',
    remains: 'YAML turns an unquoted `no` into false before you see it',
  },
  () => {
    const read = (APP_TEST: string) =>
      readEnvironment(z.object({ APP_TEST: boolean() }), { APP_TEST })
        .APP_TEST;

    expect([read('true'), read('false')]).toEqual([true, false]);
    for (const text of [
      'False',
      'TRUE',
      '0',
      '1',
      'no',
      'off',
      ' true',
      'constructor',
    ])
      expect(tell(() => read(text))).toBe(
        'APP_TEST: must be true or false',
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
      'Fractions have no field here; a timeout within bounds can still be too long for your callers',
  },
  () => {
    const read = (text: string, field = port()) =>
      field.safeParse(text).data;
    const wrong = [
      '',
      ' ',
      ' 3',
      '3 ',
      '1e3',
      '0x10',
      '3000abc',
      'a3',
      '3.0',
      '+3',
      '03',
      '-0',
      '-1',
      '65536',
      'NaN',
      '3\n',
      '٣',
      '1_000',
    ];

    expect(wrong.map((text) => read(text))).toEqual(
      wrong.map(() => undefined),
    );
    expect(['0', '3', '10', '65535'].map((text) => read(text))).toEqual(
      [0, 3, 10, 65_535],
    );
    const small = wholeNumber(-20, 5);
    expect(
      ['-21', '-20', '-3', '5', '6'].map((text) => read(text, small)),
    ).toEqual([undefined, -20, -3, 5, undefined]);
    expect(tellField(port(), 'x')).toBe(
      'must be a whole number from 0 to 65535',
    );
    expect(tellField(port(), undefined)).toBe(
      'must be a whole number from 0 to 65535',
    );
    expect(() => wholeNumber(0, 2 ** 53)).toThrow(RangeError);
    expect(() => wholeNumber(0.5, 3)).toThrow(RangeError);
    expect(wholeNumber(0, 2 ** 53 - 1).parse('9007199254740991')).toBe(
      2 ** 53 - 1,
    );

    const readTime = (text: string) => duration().safeParse(text).data;

    expect(['0s', '500ms', '30s', '5m', '2h'].map(readTime)).toEqual([
      0, 500, 30_000, 300_000, 7_200_000,
    ]);
    expect(readTime('2147483647ms')).toBe(2_147_483_647);
    const wrongTimes = [
      '30',
      '',
      '30 s',
      '1.5h',
      '-1s',
      '1d',
      's',
      '30S',
      'x30s',
      '30s ',
      '2147483648ms',
      '600h',
      '1e3s',
    ];
    expect(wrongTimes.map(readTime)).toEqual(
      wrongTimes.map(() => undefined),
    );
    expect(duration(1000).safeParse('2s').success).toBe(false);
    expect(duration(1000).parse('1s')).toBe(1000);
    expect(tellField(duration(1000), '9')).toBe(
      'must be a time with its unit, such as 500ms, 30s, 5m or 2h, of at most 1000 ms',
    );
    expect(() => duration(2 ** 31)).toThrow(RangeError);
  },
);

failure(
  'A URL is relative, has another scheme, or holds a password',
  {
    symptom:
      '`must be a URL that begins with https:// or http://, without a password`',
    defence: 'http-url',
    remains:
      'Where the URL leads: settings are trusted, input of users is not',
  },
  () => {
    const read = (text: string) => httpUrl().safeParse(text).data;
    const wrong = [
      '',
      'app.test',
      '/a',
      'https:/app.test',
      'ftp://a',
      'javascript:alert(1)',
      'mailto:a@b',
      'https://',
      'https://a.test/ b',
      ' https://a.test',
      'https://a.test\n',
      'https://ada:pw@a.test',
      'https://ada@a.test',
      'https://:pw@a.test',
      'https://a:99999',
    ];

    expect(wrong.map(read)).toEqual(wrong.map(() => undefined));
    for (const text of [
      'https://app.test/a?b=c',
      'http://127.0.0.1:3000',
    ])
      expect(read(text)).toBe(text);
    expect(tellField(httpUrl(), 'x')).toBe(
      'must be a URL that begins with https:// or http://, without a password',
    );

    const database = secretUrl('postgres', 'postgresql');
    const reveal = (text: string) =>
      database.safeParse(text).data?.reveal();
    const right = ['postgres://ada:pw@db/shop', 'postgresql://db/shop'];
    expect(right.map(reveal)).toEqual(right);
    const refused = [
      '',
      'mysql://db/shop',
      'postgres:db',
      'postgres://a:99999',
      'postgres://db/ shop',
      'x-postgres://db',
    ];
    expect(refused.map(reveal)).toEqual(refused.map(() => undefined));
    expect(tellField(database, 'x')).toBe(
      'must be a URL that begins with postgres:// or postgresql://',
    );
    expect(tellField(database, undefined)).toBe(
      'must be a URL that begins with postgres:// or postgresql://',
    );
  },
);

failure(
  'A secret is short, from a tutorial, or has a default',
  {
    symptom:
      '`is too short`, `is easy to guess`, or a TypeError that names the default',
    defence: 'judge-secret',
    remains:
      'A long secret that an attacker knows already: no rule sees that',
  },
  () => {
    const weakness = (text: string) =>
      tellField(secret(ADVICE), text)?.split(';')[0];

    for (const encoding of ['base64', 'base64url', 'hex'] as const)
      for (let n = 0; n < 500; n++)
        expect(
          weakness(randomBytes(32).toString(encoding)),
        ).toBeUndefined();
    expect(weakness(KEY.slice(0, 42))).toBe('is too short');
    expect(weakness(`${KEY} `)).toBe(
      'has a space or a line break in it',
    );
    const tail = `${'Zq8-Wv3_Xk7.Jt5+Bn2=Hy6'.repeat(1)}Lp9/Rd4`;
    for (const word of [
      'secret',
      'PassWord',
      'change-me',
      'changeme',
      'example',
      'default',
      '123456',
      'abcdef',
      'qwerty',
    ])
      expect(weakness(`${word}${tail}${'0Gs1Fu'}${'Mc9Ie'}`)).toBe(
        'is easy to guess',
      );
    expect(weakness(`nothing${tail}0Gs1FuMc9Ie`)).toBeUndefined();
    expect(weakness('correct-horse-battery-'.repeat(3))).toBe(
      'is easy to guess',
    );
    expect(
      weakness('012789abc'.repeat(5).split('').toSorted().join('')),
    ).toBe('is easy to guess');
    expect(tellField(secret(ADVICE), 'short')).toBe(
      'is too short; must be at least 32 random bytes as hex or base64; make one',
    );
    expect(tellField(secret(ADVICE), undefined)).toBe(
      'must be at least 32 random bytes as hex or base64; make one',
    );
    const longest = randomBytes(512).toString('hex');
    expect(weakness(longest)).toBeUndefined();
    expect(weakness(`${longest}a`)).toBe('is too long');
    const pi = '14159265358979323846264338327950288419716939937510';
    expect(weakness(pi)).toBeUndefined();
    const half = randomBytes(24).toString('base64url');
    expect(weakness(`${half}Zx9-Qw7LZx9-Qw7L`)).toBe(
      'is easy to guess',
    );
    expect(() => new Secret('')).toThrow(TypeError);
    const advised =
      /make one: (.*)$/.exec(tellField(secret(), 'short') ?? '')?.[1] ??
      '';
    const made = execFileSync('sh', ['-c', advised], {
      encoding: 'utf8',
    }).trim();
    expect(secret().parse(made).reveal()).toBe(made);
    for (const unsafe of [
      secret().prefault(KEY),
      secret().default(new Secret(KEY)),
    ])
      expect(() =>
        readEnvironment(z.object({ APP_KEY: unsafe }), {
          APP_KEY: KEY,
        }),
      ).toThrow('APP_KEY is a secret and has a default');
  },
);

failure(
  'Settings are logged, sent as JSON, cloned, or changed',
  {
    symptom: '`[secret]` in each; a change throws a TypeError',
    defence: 'hide-secret',
    remains:
      'What is revealed and then logged; heap snapshots and core dumps',
  },
  async () => {
    const environment = { ...RIGHT };
    const settings = readEnvironment(
      schema.extend({
        LIST: z.string().transform((text) => [{ text }]),
        BYTES: z.string().transform((text) => Buffer.from(text)),
      }),
      Object.assign(environment, { LIST: 'a', BYTES: 'b' }),
    );
    const { APP_KEY: key } = settings;
    const prints = [
      `${key}`,
      String(settings.APP_KEY),
      JSON.stringify(settings),
      inspect(settings, { depth: 9, showHidden: true }),
      inspect(settings, { customInspect: false, showHidden: true }),
      inspect(structuredClone({ ...settings }), { showHidden: true }),
      inspect(deserialize(serialize(settings))),
      inspect(new Error('failed', { cause: key })),
      inspect(Object.getOwnPropertyDescriptors(key)),
      inspect({ ...key }),
    ];

    expect(prints.join()).not.toContain(KEY);
    expect(
      prints.slice(0, 3).every((text) => text.includes('[secret]')),
    ).toBe(true);
    expect(prints[3]).toContain('APP_KEY: [secret]');
    expect(prints[7]).toContain('[secret]');
    expect(key.reveal()).toBe(KEY);
    expect(() => Object.assign(settings, { APP_PORT: 1 })).toThrow(
      TypeError,
    );
    expect(() => settings.LIST.push({ text: 'b' })).toThrow(TypeError);
    expect(() =>
      Object.assign(settings.LIST[0] ?? {}, { text: 'b' }),
    ).toThrow(TypeError);
    environment.APP_URL = 'https://elsewhere.test';
    expect(settings.APP_URL).toBe('https://app.test');
    expect(settings.BYTES.toString()).toBe('b');
  },
);

failure(
  'A child process, a worker or a diagnostic report gets the secrets',
  {
    symptom: 'They have the other variables; the secrets are not there',
    defence: 'forget-secrets',
    remains:
      '`/proc/<pid>/environ` shows the first environment to root and to the same user: mount secrets as files',
  },
  async () => {
    Object.assign(process.env, RIGHT);
    onTestFinished(() => {
      for (const name of Object.keys(RIGHT)) delete process.env[name];
    });

    const settings = readEnvironment(schema);

    expect(settings.APP_KEY.reveal()).toBe(KEY);
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
    const seen = [
      child,
      JSON.stringify(inWorker),
      JSON.stringify(process.report.getReport()),
    ];
    for (const text of seen) {
      expect(text).toContain('https://app.test');
      expect(text).not.toContain(KEY);
    }
  },
);

failure(
  'A secret is mounted as a file, and the file is not right',
  {
    symptom:
      '`its _FILE is not a file of at most 64 KiB`, `is empty`, or `cannot be read`',
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
        { prefix: 'APP_' },
      );
    const write = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };

    for (const end of ['', '\n', '\r\n'])
      expect(read(write('key', `${KEY}${end}`)).APP_KEY.reveal()).toBe(
        KEY,
      );
    const largest = randomBytes(32 * 1024).toString('hex');
    const limit = 'APP_KEY: its _FILE is not a file of at most 64 KiB';
    expect(tell(() => read(write('large', `${largest}x`)))).toBe(limit);
    expect(tell(() => read(write('largest', largest)))).toContain(
      'is too long',
    );
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    for (const path of ['pipe', '.', 'missing', 'key/under'].map(
      (name) => join(folder, name),
    ))
      expect(tell(() => read(path))).toBe(limit);
    expect(tell(() => read('/dev/zero'))).toBe(limit);
    expect(tell(() => read(''))).toBe(limit);
    expect(tell(() => read(KEY))).not.toContain(KEY);
    expect(tell(() => read(write('first', `\n${KEY}`)))).toContain(
      'has a space',
    );
    const database = z.object({ DB: secretUrl('postgres') });
    const DB_FILE = write('database', 'postgres://zoë@db/shop');
    expect(readEnvironment(database, { DB_FILE }).DB.reveal()).toBe(
      'postgres://zoë@db/shop',
    );
    // Linux lets nobody read this file from its beginning.
    if (process.platform === 'linux')
      expect(tell(() => read('/proc/self/mem'))).toBe(
        'APP_KEY: its _FILE cannot be read',
      );
    expect(tell(() => read(write('empty', '\n')))).toBe(
      'APP_KEY: its _FILE is empty',
    );
    expect(tell(() => read(write('two', `${KEY}\n\n`)))).toContain(
      'has a space',
    );
    expect(tell(() => read(write('both', KEY), { APP_KEY: KEY }))).toBe(
      'APP_KEY: is set, and so is APP_KEY_FILE; remove one',
    );
    expect(
      tell(() =>
        readEnvironment(schema, {
          ...RIGHT,
          APP_URL: undefined,
          APP_URL_FILE: write('url', 'https://app.test'),
        }),
      ),
    ).toContain('APP_URL: is not set');
  },
);

failure(
  'A variable is added, and the document is not',
  {
    symptom:
      'A test compares `.env.example` with the schema and fails; a variable without a description throws',
    defence: 'describe-environment',
    remains: 'A description that is no longer true',
  },
  async () => {
    const all = schema.extend({
      APP_MODE: z
        .string()
        .optional()
        .describe('One line,\nand another.'),
      APP_TEXT: z.string().prefault('a #1').describe('Text.'),
      A_URL: httpUrl().prefault('http://a.test/b').describe('A URL.'),
      COUNT: z.coerce.number().default(3).describe('A number.'),
    });

    const text = describeEnvironment(all);

    expect(text.split('\n')).toEqual([
      '# Where to listen. Optional.',
      '# APP_PORT=3000',
      '',
      '# Where the app is. Required.',
      'APP_URL=',
      '',
      '# Signs sessions. Required. Or APP_KEY_FILE: the path of a file.',
      'APP_KEY=',
      '',
      '# One line,',
      '# and another. Optional.',
      '# APP_MODE=',
      '',
      '# Text. Optional.',
      "# APP_TEXT='a #1'",
      '',
      '# A URL. Optional.',
      '# A_URL=http://a.test/b',
      '',
      '# A number. Optional.',
      '# COUNT=3',
      '',
    ]);
    expect(tell(() => readEnvironment(all, parseEnv(text)))).toBe(
      ['APP_URL', 'APP_KEY']
        .map((name) => `${name}: is empty; set it, or remove it`)
        .join('\n'),
    );
    const uncommented = parseEnv(
      text.replaceAll(/^# (?=[A-Z_]+=)/gm, ''),
    );
    expect(uncommented).toMatchObject({
      APP_PORT: '3000',
      APP_TEXT: 'a #1',
    });
    expect(() =>
      describeEnvironment(z.object({ NEW: port() })),
    ).toThrow("NEW needs a text: .describe('…')");
    expect(() =>
      describeEnvironment(z.object({ NEW: port().default(1) })),
    ).toThrow("NEW needs its default as text: .prefault('…')");
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
