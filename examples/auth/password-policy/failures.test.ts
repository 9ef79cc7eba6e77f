import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { failure } from '@touchstone/kit/testing/failure';
import { waitUntil } from '@touchstone/kit/time/wait';
import { pwnedPassword } from 'hibp';
import { describe, expect, it, vi } from 'vitest';
import {
  buildBreachFilter,
  openBreachFilter,
} from './breach-filter.ts';
import { createBreachList } from './breach-list.ts';
import { readBreachList } from './build-breach-filter.ts';
import { isMadeOf } from './context-words.ts';
import { createPolicy } from './create-policy.ts';
import { createPasswordPolicy } from './password-policy.ts';
import { hashForList } from './stand-in-range-server.ts';
import {
  createTestList,
  GOOD,
  OFFLINE,
  startPolicy,
  startRanges,
  startTestApp,
} from './test-app.ts';

const ADA = 'ada.lovelace@example.com';
const LISTED = '1qaz2wsx3edc4rfv';

function refusal(code: string, detail?: RegExp) {
  return {
    status: 400,
    body: {
      code,
      ...(detail && { detail: expect.stringMatching(detail) }),
    },
  };
}

failure(
  'Somebody chooses a password that was stolen elsewhere',
  {
    symptom:
      '400 `password_breached` at sign-up and at a change, before a hash is made',
    defence: 'guard',
    remains:
      'A stolen password with one more digit is another password; the reason of the refusal warns of that',
  },
  async () => {
    await using app = await startTestApp();
    const hash = vi.spyOn(app.hasher, 'hash');
    app.ranges.add(LISTED, 1);

    const refused = refusal('password_breached', /list of stolen ones/);
    expect(await app.signUp(ADA, LISTED)).toMatchObject(refused);
    expect(hash).not.toHaveBeenCalled();
    const { rows } = await app.pool.query('select from users');
    expect(rows).toEqual([]);

    expect((await app.signUp(ADA, GOOD)).status).toBe(201);
    expect(await app.change(ADA, GOOD, LISTED)).toMatchObject(refused);
    expect(hash).toHaveBeenCalledTimes(1);
    expect((await app.logIn(ADA, GOOD)).status).toBe(201);
    expect(
      await app.change(ADA, 'not hers', `${GOOD} too`),
    ).toMatchObject({
      status: 401,
      body: { code: 'wrong_credentials', detail: 'Try again' },
    });
    expect((await app.change(ADA, GOOD, `${GOOD} too`)).status).toBe(
      204,
    );
    expect((await app.logIn(ADA, GOOD)).status).toBe(401);
    expect((await app.logIn(ADA, `${GOOD} too`)).status).toBe(201);
  },
);

failure(
  'The service, or somebody who listens, learns the password or its hash',
  {
    symptom:
      'The service sees five of forty digits of a SHA-1; the log sees none',
    defence: 'is-listed',
    remains:
      'The service learns when your servers ask, and five digits are the same each time for a user: run a copy of the list if that is too much',
  },
  async () => {
    await using app = await startTestApp();
    app.ranges.add(LISTED);
    await app.signUp(ADA, LISTED);
    await app.signUp(ADA, GOOD);
    await app.logIn(ADA, GOOD);
    app.ranges.answerWith((request) => request.socket.destroy());
    await app.logIn(ADA, GOOD);
    await app.signUp(ADA, OFFLINE);

    const all = JSON.stringify([app.ranges.seen, app.log.entries]);
    for (const password of [LISTED, GOOD, OFFLINE]) {
      const hash = hashForList(password).toString('hex').toUpperCase();
      expect(all).not.toContain(password);
      expect(all.toUpperCase()).not.toContain(hash.slice(0, 6));
      expect(all.toUpperCase()).not.toContain(hash.slice(5));
      expect(app.ranges.seen.map(({ line }) => line)).toContain(
        `GET /range/${hash.slice(0, 5)}`,
      );
      expect(JSON.stringify(app.log.entries)).not.toContain(
        hash.slice(0, 5),
      );
    }
    for (const { headers } of app.ranges.seen)
      expect(headers).toEqual({
        host: new URL(app.ranges.url).host,
        connection: 'keep-alive',
        'accept-encoding': 'gzip, br',
        'add-padding': 'true',
        'user-agent': 'Touchstone tests',
      });
  },
);

failure(
  'The service pads its answer with made-up hashes',
  {
    symptom: 'None: a row with the count 0 is not a stolen password',
    defence: 'is-listed',
    remains:
      'Without padding, the size of an answer tells a listener which range it is',
  },
  async () => {
    await using setUp = await startPolicy();
    setUp.ranges.add(GOOD, 0);
    setUp.ranges.add(LISTED, 10);

    expect(await setUp.judge(GOOD, [])).toBeUndefined();
    expect(await setUp.judge(LISTED, [])).toBe('password_breached');
    expect(setUp.log.entries).toEqual([]);
  },
);

failure(
  'The service is down, slow, or answers with something else',
  {
    symptom:
      'The filter on disk decides after 2 s at most, and the log has `breach list not reached`',
    defence: 'judge',
    remains:
      'What only the service knows is accepted until the user logs in again: alert on the log line',
  },
  async () => {
    await using app = await startTestApp({
      limits: { deadlineMs: 300, attemptMs: 200 },
    });
    const rare = 'only the service knows';
    app.ranges.add(rare);
    const row = `${'A'.repeat(35)}:1`;
    const faults: Record<
      string,
      Parameters<typeof app.ranges.answerWith>[0]
    > = {
      down: (request) => request.socket.resetAndDestroy(),
      hangs: () => {},
      '503': (_, response) => response.writeHead(503).end(row),
      blocked: (_, response) => response.writeHead(403).end(row),
      moved: (_, response) =>
        response.writeHead(302, { location: app.ranges.url }).end(row),
      empty: (_, response) => response.end(),
      portal: (_, response) => response.end('<h1>Log in</h1>'),
      'cut off': (_, response) =>
        response.end(`${row}\r\n${'B'.repeat(20)}`),
      huge: (_, response) => response.end(`${row}\r\n`.repeat(10_000)),
    };

    for (const [name, fault] of Object.entries(faults)) {
      app.ranges.answerWith(fault);
      const email = `${name.replace(' ', '-')}@example.com`;
      const before = app.log.entries.length;
      expect(await app.signUp(email, OFFLINE)).toMatchObject(
        refusal('password_breached'),
      );
      expect((await app.signUp(email, rare)).status, name).toBe(201);
      const lines = app.log.entries.slice(before);
      expect(lines).toEqual(
        Array(2).fill({
          level: 'warn',
          message: 'breach list not reached',
          details: { reason: expect.stringMatching(/Error: .{5}/) },
        }),
      );
    }

    app.ranges.answerWith();
    const list = createTestList(app.ranges.url);
    const back = createPasswordPolicy({ ...app, list, words: [] });
    const next = await app.start(back);
    expect(await next.logIn('down@example.com', rare)).toMatchObject({
      status: 201,
      body: { weakness: 'password_breached' },
    });
    await list.close();
  },
);

failure(
  'The rules become stricter, or the password of a user is stolen later',
  {
    symptom:
      'The login works as before, and its answer has `weakness`; only a new password is refused',
    defence: 'wire',
    remains:
      'The thief may be the one who logs in: let the owner confirm the change by e-mail',
  },
  async () => {
    await using app = await startTestApp({ minimum: 8 });
    const short = 'six otters';
    await app.signUp(ADA, short);
    await app.signUp('bob@example.com', GOOD);
    const answered = await app.logIn(ADA, short);
    expect(answered.body).toEqual({ userId: expect.any(String) });

    const stricter = createPasswordPolicy({
      ...app,
      words: ['otters'],
    });
    const next = await app.start(stricter);
    app.ranges.add(GOOD);

    expect(await next.logIn(ADA, short)).toMatchObject({
      status: 201,
      body: { ...answered.body, weakness: 'password_too_short' },
    });
    expect(await next.logIn('bob@example.com', GOOD)).toMatchObject({
      status: 201,
      body: { weakness: 'password_breached' },
    });
    const asked = app.ranges.seen.length;
    expect(await next.logIn(ADA, 'a wrong password')).toMatchObject({
      status: 401,
      body: { code: 'wrong_credentials' },
    });
    expect(app.ranges.seen).toHaveLength(asked);
    expect(await next.change(ADA, short, 'nine otters')).toMatchObject(
      refusal('password_too_short', /at least 15 characters/),
    );
    expect((await next.logIn(ADA, short)).status).toBe(201);
  },
);

failure(
  'The password is the name of the user or of the service, decorated',
  {
    symptom:
      '400 `password_guessable`, in any case and with digits for letters',
    defence: 'context-words',
    remains:
      'Words that you do not pass, such as birthdays, names spelled backwards, and look-alikes of another script',
  },
  async () => {
    await using app = await startTestApp();
    const refused = refusal('password_guessable', /your name or ours/);

    for (const password of [
      ADA,
      'AdaLovelace1815!',
      '4d@L0v31ac3!!!!!',
      'Lovelacé Lovelacé',
      'ACMECloud2026!!!',
      'acme2026acme2026',
      'ａｃｍｅ－ｃｌｏｕｄ－２０２６',
    ])
      expect(await app.signUp(ADA, password), password).toMatchObject(
        refused,
      );

    for (const password of [
      'acme is where i paint otters',
      '4815 1623 4215 1623',
      GOOD,
    ])
      expect((await app.signUp(ADA, password)).status).toBe(201);
  },
);

failure(
  'A length is counted in bytes, or cut off',
  {
    symptom:
      '15 characters are enough in any script, as many as fit in 1024 bytes count, and none is trimmed',
    defence: 'judge',
    remains: 'An emoji of several code points counts several times',
  },
  async () => {
    await using app = await startTestApp();
    const short = refusal(
      'password_too_short',
      /at least 15 characters/,
    );

    for (const password of [
      'x'.repeat(14),
      '\u{1F9A6}'.repeat(14),
      'e\u0301'.repeat(14),
      ' '.repeat(14),
      '',
    ]) {
      const answer = await app.signUp(ADA, password);
      if (password) expect(answer).toMatchObject(short);
      else expect(answer).toMatchObject(refusal('invalid_password'));
    }
    expect(app.ranges.seen).toEqual([]);

    for (const [index, password] of [
      '\u{1F9A6}'.repeat(15),
      'é'.repeat(15),
      'fourteen chars ',
      'x'.repeat(1024),
    ].entries()) {
      const email = `user${index}@example.org`;
      expect((await app.signUp(email, password)).status).toBe(201);
      expect((await app.logIn(email, password)).status).toBe(201);
      const cut = [...password].slice(0, -1).join('');
      expect((await app.logIn(email, cut)).status).toBe(401);
    }
    expect(await app.signUp(ADA, 'x'.repeat(1025))).toMatchObject(
      refusal('invalid_password'),
    );
  },
);

failure(
  'A user types é as two code points, and the list has it as one',
  {
    symptom:
      'It is found: the hash for the list is made of the NFC form too',
    defence: 'judge',
    remains:
      'A list that holds only the other form is not asked for it',
  },
  async () => {
    await using setUp = await startPolicy();
    const composed = 'caf\u00e9 au lait, svp';
    setUp.ranges.add(composed);

    for (const password of [composed, 'cafe\u0301 au lait, svp'])
      expect(await setUp.judge(password, [])).toBe('password_breached');
    expect(setUp.ranges.seen[0]?.line).toBe(setUp.ranges.seen[1]?.line);
  },
);

failure(
  'The filter takes a good password for a stolen one',
  {
    symptom:
      '400 `password_breached` for one in a million, and only while the service cannot be reached',
    defence: 'build-filter',
    remains: 'The user has to think of another one',
  },
  () => {
    for (const size of [1000, 20_000]) {
      const listed = Array.from({ length: size }, (_, index) =>
        hashForList(`stolen ${index}`),
      );
      const { mayHave } = openBreachFilter(buildBreachFilter(listed));
      expect(listed.every(mayHave)).toBe(true);
      expect(countMistakes(mayHave)).toBeLessThanOrEqual(2);
    }
  },
);

/** Of a million hashes that are not listed. */
function countMistakes(mayHave: (hash: Buffer) => boolean): number {
  const outputLength = 12 * 1_000_000;
  const random = createHash('shake256', { outputLength })
    .update('a million good passwords')
    .digest();
  let mistaken = 0;
  for (let at = 0; at < outputLength; at += 12)
    if (mayHave(random.subarray(at, at + 12))) mistaken += 1;
  return mistaken;
}

failure(
  'The file of the filter is missing a part, or is another file',
  {
    symptom: 'The start fails: `this is not a whole breach filter`',
    defence: 'open-filter',
    remains: 'A filter that is years old looks like a new one',
  },
  () => {
    const whole = buildBreachFilter([hashForList(OFFLINE)]);
    const open = openBreachFilter(whole);
    expect(open.mayHave(hashForList(OFFLINE))).toBe(true);
    expect(open.mayHave(hashForList(GOOD))).toBe(false);

    const other = Buffer.from(whole);
    other.writeUInt8(other.readUInt8(0) ^ 1, 0);
    const flipped = Buffer.from(whole);
    const last = whole.length - 1;
    flipped.writeUInt8(flipped.readUInt8(last) ^ 1, last);
    for (const file of [
      Buffer.alloc(0),
      whole.subarray(0, -1),
      whole.subarray(0, 40),
      Buffer.concat([
        whole.subarray(0, 8),
        createHash('sha256').digest(),
      ]),
      whole.subarray(1),
      Buffer.concat([whole, Buffer.alloc(1)]),
      other,
      flipped,
      Buffer.from('5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:9\r\n'),
    ])
      expect(() => openBreachFilter(file)).toThrow(
        'this is not a whole breach filter: build it again',
      );
  },
);

describe('the policy', () => {
  it('is made once, of a list and a file', async () => {
    await using setUp = await startPolicy();
    const folder = await mkdtemp(join(tmpdir(), 'breach-filter-'));
    const filterFile = join(folder, 'breach.filter');
    await writeFile(
      filterFile,
      buildBreachFilter([hashForList(OFFLINE)]),
    );
    const { ranges, log } = setUp;
    const options = { ownUrl: ranges.url, filterFile, log };
    const { policy, list } = await createPolicy(options);
    ranges.add(LISTED);

    await waitUntil('a busy machine answers in time', async () => {
      return (await policy.judge(LISTED, [])) === 'password_breached';
    });
    expect(await policy.judge('acmecloud 123456', [])).toBe(
      'password_guessable',
    );
    await list.close();
    expect(await policy.judge(OFFLINE, [])).toBe('password_breached');
    expect(await policy.judge(LISTED, [])).toBeUndefined();
    await rm(folder, { recursive: true });
  });

  it('asks for 15 characters, or for what you say', async () => {
    await using setUp = await startPolicy();
    const judge = (minimum: number, length: number) =>
      createPasswordPolicy({ ...setUp, words: [], minimum }).judge(
        'x'.repeat(length),
        [],
      );

    expect(await setUp.judge('x'.repeat(14), [])).toBe(
      'password_too_short',
    );
    expect(await setUp.judge('x'.repeat(15), [])).toBeUndefined();
    for (const minimum of [8, 64]) {
      expect(await judge(minimum, minimum - 1)).toBe(
        'password_too_short',
      );
      expect(await judge(minimum, minimum)).toBeUndefined();
    }
    for (const minimum of [7, 65, Number.NaN])
      expect(() =>
        createPasswordPolicy({ ...setUp, words: [], minimum }),
      ).toThrow('minimum is not between 8 and 64');
  });

  it('refuses no composition and no age', async () => {
    await using setUp = await startPolicy();
    for (const password of [
      'a'.repeat(15),
      'A'.repeat(15),
      '1'.repeat(15),
      '!'.repeat(15),
      ' '.repeat(15),
      'žluťoučký kůň úpěl',
      '的一是不了人我在有他这为之大来',
    ])
      expect(await setUp.judge(password, [])).toBeUndefined();
  });

  it('lets a guarded hasher verify as before', async () => {
    await using app = await startTestApp();
    const stored = await app.hasher.hash('short');
    const guarded = app.guard(app.hasher, []);

    expect(await guarded.verify('short', stored)).toEqual({
      isRight: true,
    });
    const hash = await guarded.hash(GOOD);
    expect(await app.hasher.verify(GOOD, hash)).toEqual({
      isRight: true,
    });
  });

  it('gives a caller up that is gone, and does not call that an outage', async () => {
    // Nothing but the caller ends this call.
    const limits = { deadlineMs: 600_000, attemptMs: 600_000 };
    await using app = await startTestApp({ limits });
    app.ranges.answerWith(() => {});
    const mayHave = vi.spyOn(app.filter, 'mayHave');
    const controller = new AbortController();
    const hash = vi.spyOn(app.hasher, 'hash');
    const guarded = app.guard(app.hasher, []);
    const hashed = guarded.hash(GOOD, controller.signal);
    await waitUntil('it asks', () => app.ranges.seen.length > 0);

    controller.abort();

    await expect(hashed).rejects.toBe(controller.signal.reason);
    expect(hash).not.toHaveBeenCalled();
    expect(mayHave).not.toHaveBeenCalled();
    expect(app.log.entries).toEqual([]);
  });

  it('takes the signal of its caller to the hasher', async () => {
    await using app = await startTestApp();
    const hash = vi.spyOn(app.hasher, 'hash');
    const { signal } = new AbortController();

    await app.guard(app.hasher, []).hash(GOOD, signal);

    expect(hash).toHaveBeenCalledExactlyOnceWith(GOOD, signal);
  });

  it('says which rule refused, and never the password', async () => {
    await using app = await startTestApp({ minimum: 9 });
    app.ranges.add(LISTED);
    const { hash } = app.guard(app.hasher, [ADA]);
    const errors = await Promise.all(
      ['short', 'lovelace99', LISTED].map((password) =>
        hash(password).catch((error: Error) => error),
      ),
    );

    expect(errors).toMatchObject([
      {
        name: 'WeakPasswordError',
        code: 'password_too_short',
        message: expect.stringContaining('at least 9 characters'),
      },
      { code: 'password_guessable', status: 400, expose: true },
      { code: 'password_breached' },
    ]);
    expect(`${errors}`).not.toMatch(/short\b|lovelace|1qaz/);
  });
});

describe('the words of the context', () => {
  it.each([
    // What is left of the letters is less than 8, or it is not.
    [true, 'acmeabcdefg', ['acme']],
    [false, 'acmeabcdefgh', ['acme']],
    [true, 'acme12345678999', ['Acme']],
    [false, 'abcdefg', ['acme']],
    [false, '999999999999999', ['acme']],
    // Longer words first, in whatever order they are given.
    [true, 'lovelacelovelace', ['love', 'lovelace']],
    [true, 'lovelacelovelace', ['lovelace', 'love']],
    // Three letters are a word.
    [true, 'adaadaadaadaada', ['ada']],
    [false, 'adadadadadadada', ['ad']],
    // The parts of an address or a name.
    [true, 'example-lovelace', ['ada.lovelace@example.com']],
    [true, 'lovelace_king_22', ['Ada', 'King-Lovelace']],
    [true, 'lovelace king 22', ['king_lovelace']],
    [true, 'lovelace king 22', ['king\nlovelace']],
    [false, 'example lovelace', ['adalovelace']],
    [true, '0bituary obituary', ['obituary']],
    [true, 'obituary obituary', ['0b1tuary']],
    [true, "o'brien o’brien 1", ["O'Brien"]],
    [true, 'müller müller 123', ['MÜLLER']],
    [true, 'muller muller 123', ['müller']],
    [false, 'sixsixsixsixsix', ['6ix']],
    [false, '', ['', ' ', '2026']],
    [false, 'acme acme acme 1', []],
  ])('make up: %j, %j of %j', (expected, password, words) => {
    expect(isMadeOf(password, words)).toBe(expected);
  });

  it.each([
    ['0', 'o'],
    ['1', 'i'],
    ['l', 'i'],
    ['!', 'i'],
    ['|', 'i'],
    ['3', 'e'],
    ['4', 'a'],
    ['@', 'a'],
    ['5', 's'],
    ['$', 's'],
    ['7', 't'],
    ['+', 't'],
  ])('have %s for %s', (standIn, letter) => {
    const password = standIn.repeat(15);
    expect(isMadeOf(password, [letter.repeat(15)])).toBe(true);
  });
});

describe('the list', () => {
  it('is read as the package hibp reads it', async () => {
    await using ranges = await startRanges();
    const list = createTestList(ranges.url);
    const passwords = Array.from({ length: 40 }, (_, i) => `pass ${i}`);
    const counts = passwords.map((_, index) => index % 3);
    for (const [index, password] of passwords.entries())
      ranges.add(password, counts[index]);

    const options = { baseUrl: ranges.url, addPadding: true };
    const theirs = await Promise.all(
      passwords.map((password) => pwnedPassword(password, options)),
    );
    const ours = await Promise.all(
      passwords.map((password) => list.isListed(hashForList(password))),
    );

    expect(theirs).toEqual(counts);
    expect(ours).toEqual(counts.map((count) => count > 0));
    await list.close();
  });

  it.each([
    ['the first', 'HIT:3\r\nOTHER:1', true],
    ['the last', 'OTHER:1\r\nHIT:3', true],
    ['ended by a line break', 'OTHER:1\r\nHIT:3\r\n', true],
    ['of a copy with short line breaks', 'OTHER:1\nHIT:3\n', true],
    ['counted with a 0 at the end', 'HIT:10', true],
    ['listed beside padding', 'HIT:0\r\nHIT:3', true],
    ['padding', 'OTHER:1\r\nHIT:0', false],
    ['missing', 'OTHER:1\r\nOTHER:22', false],
  ])('has a hash that is %s', async (_, text, expected) => {
    await using setUp = await startPolicy();
    const hash = hashForList(GOOD).toString('hex').toUpperCase();
    const rows = text
      .replaceAll('HIT', hash.slice(5))
      .replaceAll('OTHER', '0123456789ABCDEF0123456789ABCDEF012');
    setUp.ranges.answerWith((_, response) => response.end(rows));

    expect(await setUp.list.isListed(hashForList(GOOD))).toBe(expected);
  });

  it.each([
    ['', 200],
    [`${'A'.repeat(34)}:1`, 200],
    [`${'A'.repeat(36)}:1`, 200],
    [`${'G'.repeat(35)}:1`, 200],
    [`${'A'.repeat(35)}:`, 200],
    [`${'A'.repeat(35)}:1x`, 200],
    [`${'A'.repeat(35)}1`, 200],
    [`${'A'.repeat(35)}:1\r\n\r\n${'B'.repeat(35)}:1`, 200],
    [`${'A'.repeat(35)}:1`, 201],
    [`${'A'.repeat(35)}:1`, 404],
  ])('is not %j with status %d', async (text, status) => {
    await using setUp = await startPolicy();
    setUp.ranges.answerWith((_, response) =>
      response.writeHead(status).end(text),
    );

    await expect(
      setUp.list.isListed(hashForList(GOOD)),
    ).rejects.toMatchObject({
      name: 'BreachListError',
      code: 'bad_breach_list',
      message: `${status} is not a list of hashes`,
    });
  });

  it('is at Pwned Passwords, and at a public address, unless you say otherwise', async () => {
    const options = { userAgent: 'Touchstone tests' };
    const lookup = vi.fn(async (_name: string) => [
      { address: '127.0.0.1', family: 4 },
    ]);
    const list = createBreachList({ ...options, lookup });

    await expect(
      list.isListed(hashForList(GOOD)),
    ).rejects.toMatchObject({
      code: 'address_refused',
      message: expect.stringContaining(
        'GET https://api.pwnedpasswords.com:',
      ),
    });
    expect(lookup).toHaveBeenCalledWith('api.pwnedpasswords.com');
    await list.close();
    await expect(
      list.isListed(hashForList(GOOD)),
    ).rejects.toMatchObject({
      code: 'closed',
    });
    expect(() => createBreachList({ userAgent: '' })).toThrow(
      'userAgent is empty',
    );
  });

  it('has two seconds, one for each attempt, and 256 KiB', async () => {
    await using setUp = await startPolicy();
    const isListed = () => setUp.list.isListed(hashForList(GOOD));
    const row = `${'A'.repeat(35)}:1`;
    const fill = (bytes: number) => {
      const rows = `${row}\r\n`.repeat(Math.floor((bytes - 40) / 39));
      return rows + row.padEnd(bytes - rows.length, '0');
    };
    setUp.ranges.answerWith((_, response) => {
      response.end(fill(262_144));
    });
    expect(await isListed()).toBe(false);
    setUp.ranges.answerWith((_, response) => {
      response.end(fill(262_145));
    });
    await expect(isListed()).rejects.toMatchObject({
      code: 'answer_too_large',
    });

    const setTimeout = vi.spyOn(globalThis, 'setTimeout');
    const list = createBreachList({
      userAgent: 'Touchstone tests',
      url: setUp.ranges.url,
    });
    await expect(list.isListed(hashForList(GOOD))).rejects.toThrow(
      'address_refused',
    );
    for (const [ms, code] of [
      [2000, 'deadline_exceeded'],
      [1000, 'attempt_timeout'],
    ])
      expect(setTimeout).toHaveBeenCalledWith(
        expect.anything(),
        ms,
        code,
      );
    setTimeout.mockRestore();
    await list.close();
  });
});

describe('the filter', () => {
  it('has 29 bits for each hash, and always the same form', () => {
    const hashes = Array.from({ length: 1000 }, (_, index) =>
      hashForList(`${index}`),
    );
    const file = buildBreachFilter(hashes);

    expect(file).toHaveLength(40 + 3607);
    expect(buildBreachFilter(hashes.slice(1))).toHaveLength(40 + 3607);
    const more = buildBreachFilter([...hashes, hashForList(OFFLINE)]);
    expect(more).toHaveLength(40 + 3611);
    expect(file.subarray(0, 8).toString()).toBe('BREACH01');
    // A file from an earlier release has to be read by the next.
    expect(createHash('sha256').update(file).digest('hex')).toBe(
      '5849885526ccc86d5145b9c67515666749b88c7521d15e892100751c50cf442c',
    );
  });

  it('is not built of nothing', () => {
    expect(() => buildBreachFilter([])).toThrow('there are no hashes');
  });

  it('is built of a list as the downloader writes it', async () => {
    const lines = ['A', 'B', 'C'].map(
      (letter, index) => `${letter.repeat(40)}:${index + 9}`,
    );
    const read = (text: string, atLeast: number) =>
      readBreachList(Readable.from([text]), atLeast);

    expect(await read(lines.join('\r\n'), 10)).toEqual([
      Buffer.from('B'.repeat(40), 'hex'),
      Buffer.from('C'.repeat(40), 'hex'),
    ]);
    expect(await read(`${lines[0]}\n`.toLowerCase(), 9)).toHaveLength(
      1,
    );
    for (const bad of [
      `${'A'.repeat(39)}:9`,
      `${'A'.repeat(41)}:9`,
      `${'A'.repeat(40)}:`,
      `${'A'.repeat(40)}:9x`,
      'A',
      `${lines[0]}\n\n${lines[1]}`,
    ])
      await expect(read(bad, 1)).rejects.toThrow('this is not a row');
  });

  it('is built by a command, and read by the app', () => {
    const program = fileURLToPath(
      new URL('build-breach-filter.ts', import.meta.url),
    );
    const hash = hashForList(OFFLINE).toString('hex').toUpperCase();
    const input = `${hash}:9\r\n${'A'.repeat(40)}:8`;

    const file = execFileSync(process.execPath, [program, '9'], {
      input,
    });

    expect(file).toEqual(buildBreachFilter([hashForList(OFFLINE)]));
  });
});
