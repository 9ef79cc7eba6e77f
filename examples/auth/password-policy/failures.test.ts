import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  mkdtemp,
  open,
  readFile,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
import { hashPasswords } from './build-breach-filter.ts';
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
      for (const form of ['base64', 'base64url', 'latin1'] as const)
        expect(all).not.toContain(hashForList(password).toString(form));
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
      'What only the service knows is accepted until the user logs in again: alert on the log line. An answer that ends early after a whole row is taken for all of it',
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
      status: 403,
      body: { code: 'password_must_change' },
    });
    await list.close();
  },
);

failure(
  'The rules become stricter, or the password of a user is stolen later',
  {
    symptom:
      'A stolen password is answered with 403 `password_must_change`; others log in as before, and the answer has `weakness`',
    defence: 'wire',
    remains:
      'The thief may be the one who logs in and changes it: let the owner confirm the change by e-mail',
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
    const bob = 'bob@example.com';
    const forced = await next.logIn(bob, GOOD);
    expect(forced).toMatchObject({
      status: 403,
      body: {
        code: 'password_must_change',
        detail: expect.stringContaining('PUT /password'),
      },
    });
    expect(forced.body).not.toHaveProperty('userId');
    expect((await next.change(bob, GOOD, `${GOOD} too`)).status).toBe(
      204,
    );
    expect((await next.logIn(bob, `${GOOD} too`)).status).toBe(201);
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
      '400 `password_guessable`: in any case, repeated, padded, or with digits for letters',
    defence: 'context-words',
    remains:
      'Words that you do not pass, names spelled backwards, look-alikes of another script, names of two letters, and names beside 15 digits and symbols',
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
      'Lovelace!!!!!!!!',
      'lovelace13571357',
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
    remains:
      'An emoji of several code points counts several times, and an invisible character once',
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
    await expect(
      app.judge('\ud83e and fourteen more', []),
    ).rejects.toMatchObject({
      code: 'invalid_password',
      status: 400,
      message: 'A character is incomplete',
    });
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
    for (const minimum of [7, 65, 8.5, Number.NaN])
      expect(() =>
        createPasswordPolicy({ ...setUp, words: [], minimum }),
      ).toThrow('minimum is not a whole number from 8 to 64');
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
    await using app = await startTestApp({
      limits,
      listMs: 600_000,
    });
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

  it('calls no answer an outage that its caller ended, whatever the list says', async () => {
    await using setUp = await startPolicy();
    const controller = new AbortController();
    const list = {
      async isListed(): Promise<boolean> {
        controller.abort();
        throw new Error('socket closed');
      },
    };
    const { judge } = createPasswordPolicy({
      ...setUp,
      list,
      words: [],
    });

    await expect(judge(GOOD, [], controller.signal)).rejects.toBe(
      controller.signal.reason,
    );
    expect(setUp.log.entries).toEqual([]);
  });

  it('gives up a list that hangs, and its signal says so', async () => {
    await using setUp = await startPolicy();
    const signals: (AbortSignal | undefined)[] = [];
    const list = {
      isListed(_: Buffer, signal?: AbortSignal) {
        signals.push(signal);
        return new Promise<boolean>(() => {});
      },
    };
    const { judge } = createPasswordPolicy({
      ...setUp,
      list,
      words: [],
      listMs: 20,
    });
    const { signal } = new AbortController();

    expect(await judge(OFFLINE, [])).toBe('password_breached');
    expect(await judge(GOOD, [], signal)).toBeUndefined();
    expect(signals.map((one) => one?.aborted)).toEqual([true, true]);
    expect(setUp.log.entries).toEqual(
      Array(2).fill({
        level: 'warn',
        message: 'breach list not reached',
        details: { reason: expect.stringContaining('TimeoutError') },
      }),
    );
  });

  it('gives a list two seconds, unless you say otherwise', async () => {
    await using setUp = await startPolicy();
    const timeout = vi.spyOn(AbortSignal, 'timeout');
    const judge = (options = {}) =>
      createPasswordPolicy({ ...setUp, words: [], ...options }).judge(
        GOOD,
        [],
      );

    await judge();
    await judge({ listMs: 60_000 });

    expect(timeout.mock.calls).toEqual([[2000], [60_000]]);
    timeout.mockRestore();
  });

  it('believes a list that answers, whatever the filter has', async () => {
    await using setUp = await startPolicy();
    expect(await setUp.judge(OFFLINE, [])).toBeUndefined();
  });

  it('asks no list about names and short passwords', async () => {
    await using setUp = await startPolicy();
    expect(await setUp.judge('short', [])).toBe('password_too_short');
    expect(await setUp.judge('acmecloud 123456', [])).toBe(
      'password_guessable',
    );
    expect(setUp.ranges.seen).toEqual([]);
  });

  it('leaves out a name that is missing', async () => {
    await using setUp = await startPolicy();
    const names = [undefined, null, 42, 'Ada Lovelace'] as string[];
    expect(await setUp.judge('lovelace 1815 ada', names)).toBe(
      'password_guessable',
    );
  });

  it('logs each call that the list did not answer', async () => {
    await using setUp = await startPolicy();
    await setUp.list.close();
    for (let turn = 0; turn < 1001; turn++) await setUp.judge(GOOD, []);
    expect(setUp.log.entries).toHaveLength(1001);
  });

  it('says in the log when it asks too much at once', async () => {
    await using setUp = await startPolicy({ limits: { maxCalls: 1 } });
    setUp.ranges.add(LISTED);
    const both = [LISTED, OFFLINE].map((one) => setUp.judge(one, []));
    expect(await Promise.all(both)).toEqual(
      Array(2).fill('password_breached'),
    );
    expect(setUp.log.entries).toEqual([
      {
        level: 'warn',
        message: 'breach list overloaded',
        details: { reason: expect.stringContaining('overloaded') },
      },
    ]);
  });

  it('asks no list when the hasher has no room', async () => {
    await using setUp = await startPolicy();
    const hasher = {
      hash: vi.fn(),
      verify: vi.fn(),
      requireRoom() {
        throw new Error('full');
      },
    };
    const { hash } = setUp.guard(hasher, []);
    await expect(hash(GOOD)).rejects.toThrow('full');
    expect(setUp.ranges.seen).toEqual([]);
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
        message:
          'Use at least 9 characters: four words that do not belong together are easy to remember',
      },
      {
        code: 'password_guessable',
        status: 400,
        expose: true,
        message:
          'This is little more than your name or ours. Use words that have nothing to do with you or this service',
      },
      {
        code: 'password_breached',
        message:
          'This password is in a list of stolen ones. Use one that is new, and not a variant of this',
      },
    ]);
    expect(`${errors}`).not.toMatch(/short\b|lovelace|1qaz/);
  });
});

describe('the words of the context', () => {
  it.each([
    // What is left of the letters is less than 8, or it is not.
    [true, 'acmeabcdefg', ['acme']],
    [false, 'acmeabcdefgh', ['acme']],
    // Small letters stand for decoration, and astral ones count once.
    [true, 'acme12345678999', ['Acme']],
    [true, 'acme11111111111', ['Acme Cloud']],
    [true, 'Acme$$$$$$$$$$$', ['Acme Cloud']],
    [true, 'Ada!!!!!!!!!!!!!', [ADA]],
    [true, `acme${'\u{10428}'.repeat(7)}`, ['acme']],
    [false, `acme${'\u{10428}'.repeat(8)}`, ['acme']],
    // Fifteen digits and symbols are long enough; repeated, they are one.
    [false, 'acme 8%9^2&6*8#9~26(8', ['acme']],
    [false, 'acme121212121212121', ['acme']],
    [true, 'acme12121212121212', ['acme']],
    [true, `acme${'!'.repeat(40)}`, ['acme']],
    [true, `acme1212121212121${'2'.repeat(9)}`, ['acme']],
    [false, '133'.repeat(5), ['Lee']],
    [true, 'l33 133 133 133', ['Lee']],
    // A letter of Chinese or Japanese counts as two.
    [true, '李明'.repeat(7), ['李明']],
    [false, '李明王芳刘伟张', ['李']],
    [false, '東京海上日動火災春夏秋冬花鳥風', ['東京海上日動火災']],
    [false, 'acme春夏さク', ['acme']],
    [true, 'acme春さク', ['acme']],
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
    [true, 'JohnSmith2026!!!', ['john.smith42@gmail.com']],
    [true, 'JohnSmith2026!!!', ['john42smith@gmail.com']],
    [true, 'lovelacelovelace', ['lovelace1815@example.com']],
    [true, 'Smith2026Smith!!', ['smith42']],
    [true, 'AdaLovelace2026!', ['ada.lovelace+acme@example.com']],
    [true, 'lovelace lovelace', ['Ada/Lovelace']],
    [true, 'BoLiBoLiBoLiBoLi', ['Bo Li']],
    [true, 'kesha kesha 2026', ['Ke$ha Rose']],
    [true, 'pinkpinkpinkpink', ['P!nk Moore']],
    [true, 'd’al d’al d’al 1', ['Jo D’Al']],
    [true, "d'al d'al d'al 1", ["Jo D'Al"]],
    [true, 'micahel micahel 1', ['m1c4h3l@example.com']],
    [true, 'müllermüllermüllermüller', ['mu\u0308ller@example.com']],
    [true, 'a\u0302cme'.repeat(15), ['acme']],
    [true, 'lovelace lovelace', [`${'a.'.repeat(40)}lovelace42`]],
    [true, 'kesha kesha 2026', [`${'a.'.repeat(40)}Ke$ha`]],
    // All forms of a letter are one.
    [true, 'ΝΙΚΟΣΝΙΚΟΣΝΙΚΟΣ', ['Νίκος']],
    [true, 'WEISS WEISS WEISS', ['Weiß']],
    [true, 'weiss weiss weiss', ['WEIẞ']],
    [true, 'ISIKISIKISIKISIK', ['Işık']],
    [true, 'iris Iris IRIS 12', ['Iris']],
    [true, '𝐀𝐂𝐌𝐄𝐀𝐂𝐌𝐄𝐀𝐂𝐌𝐄𝐀𝐂𝐌', ['acme']],
    [true, '𝐚𝐜𝐦𝐞𝐚𝐜𝐦𝐞𝐚𝐜𝐦𝐞𝐚𝐜𝐦', ['Acme']],
    [false, '𝐚𝐜𝐦𝐞 𝐨𝐭𝐭𝐞𝐫𝐬 𝐩𝐚𝐢𝐧𝐭', ['acme']],
    [true, 'soren soren soren', ['Søren']],
    [true, 'lukasz lukasz 123', ['ŁUKASZ']],
    [true, 'dordic dordic 123', ['Đorđić']],
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
    const password = `x${standIn}yz`.repeat(4);
    expect(isMadeOf(password, [`x${letter}yz`])).toBe(true);
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
    ['other than all others in its last digit', 'NEAR:3', false],
    ['missing', 'OTHER:1\r\nOTHER:22', false],
  ])('has a hash that is %s', async (_, text, expected) => {
    await using setUp = await startPolicy();
    const hash = hashForList(GOOD).toString('hex').toUpperCase();
    const rows = text
      .replaceAll('HIT', hash.slice(5))
      .replaceAll(
        'NEAR',
        hash.slice(5, -1) + (hash.endsWith('0') ? 1 : 0),
      )
      .replaceAll('OTHER', '0123456789ABCDEF0123456789ABCDEF012');
    setUp.ranges.answerWith((_, response) => response.end(rows));

    expect(await setUp.list.isListed(hashForList(GOOD))).toBe(expected);
    // A copy may have small letters.
    setUp.ranges.answerWith((_, response) => {
      response.end(rows.toLowerCase());
    });
    expect(await setUp.list.isListed(hashForList(GOOD))).toBe(expected);
  });

  it('is asked again when it is busy', async () => {
    await using setUp = await startPolicy();
    setUp.ranges.add(LISTED);
    setUp.ranges.answerWith((_, response) => {
      setUp.ranges.answerWith();
      response.writeHead(503).end();
    });

    expect(await setUp.list.isListed(hashForList(LISTED))).toBe(true);
    expect(setUp.ranges.seen).toHaveLength(2);
  });

  it('may be a copy below a path, with a slash or without', async () => {
    await using ranges = await startRanges();
    ranges.answerWith((_, response) => {
      response.end(`${'A'.repeat(35)}:1`);
    });
    for (const path of ['', '/', '/pwned', '/pwned/', '/pwned//']) {
      const list = createTestList(`${ranges.url}${path}`);
      await list.isListed(hashForList(GOOD));
      await list.close();
    }
    const range = hashForList(GOOD).toString('hex').slice(0, 5);
    expect(ranges.seen.map(({ line }) => line.toLowerCase())).toEqual(
      ['', '', '/pwned', '/pwned', '/pwned'].map(
        (path) => `get ${path}/range/${range}`,
      ),
    );
  });

  it.each([
    '',
    'api.pwnedpasswords.com',
    'ftp://list.example.com',
    'http://list.example.com',
    'https://me:secret@list.example.com',
    'https://list.example.com?mode=ntlm',
    'https://list.example.com#top',
    ' https://list.example.com',
    'https://',
  ])('is not at %j', (url) => {
    const options = { userAgent: 'Touchstone tests', url };
    expect(() => createBreachList(options)).toThrow(/url/i);
    if (!url.startsWith('http://'))
      expect(() =>
        createBreachList({ ...options, allowAddress: () => true }),
      ).toThrow(/url/i);
  });

  it.each(['', ' ', ' Acme', 'Acme\n', 'Acme \u2603'])(
    'is not asked as %j',
    (userAgent) => {
      expect(() => createBreachList({ userAgent })).toThrow(
        'userAgent is not text in ASCII',
      );
    },
  );

  it('is asked 500 times at once, and no more', async () => {
    const list = createTestList('https://list.example.com', {
      lookup: () => new Promise(() => {}),
    });
    const isListed = () => list.isListed(hashForList(GOOD));
    const calls = Array.from({ length: 500 }, isListed);
    const all = Promise.allSettled(calls);

    await expect(isListed()).rejects.toMatchObject({
      code: 'overloaded',
    });
    await list.close();
    const codes = (await all).map(
      (one) => one.status === 'rejected' && one.reason.code,
    );
    expect(codes).toEqual(Array(500).fill('closed'));
  });

  it.each([
    ['', 200],
    [`\r\n${'A'.repeat(35)}:1`, 200],
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
      allowAddress: () => false,
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

  it('needs each of its bits to know a hash', () => {
    const hash = hashForList(OFFLINE);
    const file = buildBreachFilter([hash]);
    const bits = file.subarray(40);
    let found = 0;
    for (let bit = 0; bit < bits.length * 8; bit++) {
      const mask = 1 << (bit % 8);
      const byte = Math.floor(bit / 8);
      const before = bits.readUInt8(byte);
      if ((before & mask) === 0) continue;
      found += 1;
      bits.writeUInt8(before ^ mask, byte);
      createHash('sha256').update(bits).digest().copy(file, 8);
      expect(openBreachFilter(file).mayHave(hash)).toBe(false);
      bits.writeUInt8(before, byte);
    }
    expect(found).toBe(20);
  });

  it('does not change with the buffer that it was opened from', () => {
    const file = buildBreachFilter([hashForList(OFFLINE)]);
    const { mayHave } = openBreachFilter(file);
    file.fill(0);
    expect(mayHave(hashForList(OFFLINE))).toBe(true);
  });

  it('is built of the passwords that are long enough', () => {
    const list = [
      'x'.repeat(14),
      'x'.repeat(15),
      '\u{1F9A6}'.repeat(14),
      '\u{1F9A6}'.repeat(15),
      'e\u0301'.repeat(15),
      ' a space at both ends ',
      '',
    ];
    const expected = [
      'x'.repeat(15),
      '\u{1F9A6}'.repeat(15),
      '\u00e9'.repeat(15),
      ' a space at both ends ',
    ].map(hashForList);

    for (const end of ['\n', '\r\n'])
      expect(hashPasswords(list.join(end), 15)).toEqual(expected);
    expect(hashPasswords(list.join('\n'), 14)).toHaveLength(6);
    expect(hashPasswords(list.join('\n'), Number.NaN)).toEqual([]);
  });

  it('is not built of hashes, and the error does not quote the line', () => {
    const hash = hashForList(GOOD).toString('hex');
    for (const row of [`${hash}:9`, `${hash.toUpperCase()}:12`]) {
      const text = `${OFFLINE}\r\n${row}\r\n`;
      expect(() => hashPasswords(text, 15)).toThrow(
        /^line 2 is a hash, not a password$/,
      );
    }
    expect(hashPasswords(`${hash}9:9\n9${hash}:9`, 15)).toHaveLength(2);
  });

  it('is built by a command, which replaces the old file once the new one is complete', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'breach-filter-'));
    const [list, filter, link] = ['list.txt', 'filter', 'link.ts'].map(
      (name) => join(folder, name),
    ) as [string, string, string];
    const program = new URL('build-breach-filter.ts', import.meta.url);
    await symlink(fileURLToPath(program), link);
    const run = (...files: string[]) =>
      execFileSync(process.execPath, [link, ...files], {
        encoding: 'utf8',
        stdio: 'pipe',
      });
    await writeFile(list, `${OFFLINE}\r\n123456\r\n`);
    await writeFile(filter, 'the old one');
    const running = await open(filter);

    expect(run(list, filter)).toBe('1 of 3 lines\n');
    const built = buildBreachFilter([hashForList(OFFLINE)]);
    expect(await readFile(filter)).toEqual(built);
    expect(await running.readFile('utf8')).toBe('the old one');
    await running.close();
    expect(run(list, filter, '6')).toBe('2 of 3 lines\n');

    await writeFile(list, '123456\n');
    const whole = await readFile(filter);
    expect(() => run(list, filter)).toThrow('there are no hashes');
    expect(() => run(list)).toThrow('name the list of passwords');
    expect(await readFile(filter)).toEqual(whole);
    await rm(folder, { recursive: true });
  });
});
