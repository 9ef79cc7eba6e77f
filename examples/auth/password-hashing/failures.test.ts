import { argon2Sync, createHmac } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { getEventListeners } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { inspect } from 'node:util';
import { hash as hashWithBcrypt } from '@node-rs/bcrypt';
import { listen } from '@touchstone/kit/app/http';
import {
  lockTable,
  untilWaiting,
} from '@touchstone/kit/postgres/locks';
import { runProgram } from '@touchstone/kit/programs/program';
import {
  type Answer,
  createClient,
} from '@touchstone/kit/testing/client';
import { failure } from '@touchstone/kit/testing/failure';
import { waitUntil } from '@touchstone/kit/time/wait';
import {
  hash as hashWithArgon2,
  verify as verifyWithArgon2,
} from 'argon2';
import { describe, expect, it, vi } from 'vitest';
import { Secret } from '../../architecture/typed-configuration/secret.ts';
import { createPool } from '../../postgres/connection-pooling/create-pool.ts';
import { createApp } from './app.ts';
import { isAffordable, parseHash } from './argon2id.ts';
import { verifyImported } from './imported-hashes.ts';
import { createPasswordHasher } from './password-hasher.ts';
import { createPasswords } from './passwords.ts';
import { type Peppers, peppersText } from './peppers.ts';
import { createSecrets } from './secrets.ts';
import { createPepper, PASSWORD, startTestApp } from './test-app.ts';
import { createWorkQueue } from './work-queue.ts';

const ADA = 'ada@example.com';
const BOB = 'bob@example.com';
const wrong = { status: 401, body: { code: 'wrong_credentials' } };
const broken = { status: 500, body: { code: 'internal_error' } };

failure(
  'Hundreds of logins arrive at once',
  {
    symptom:
      '503 `too_many_logins` with `Retry-After` for what does not fit in the queue; all else is served',
    defence: 'run',
    remains:
      'During an attack, users get 503 too: limit the rate of each address and account',
  },
  async () => {
    const { promise: gate, resolve: open } =
      Promise.withResolvers<void>();
    await using app = await startTestApp({
      imported: (...login) => gate.then(() => verifyImported(...login)),
    });
    await app.addUser(ADA, await hashWithBcrypt(PASSWORD, { cost: 4 }));
    const refused: Answer[] = [];
    const flood = Array.from({ length: 150 }, async () => {
      const answer = await app.logIn(ADA, 'wrong');
      if (answer.status === 503) refused.push(answer);
      return answer.status;
    });

    // Two run and fifty wait.
    await waitUntil('98 are refused', () => refused.length === 98);
    const served = () =>
      Promise.all([
        app.send('GET', '/health'),
        readFile(new URL(import.meta.url)),
        lookup('localhost'),
      ]);
    expect((await served())[0].status).toBe(204);
    open();
    expect((await served())[0].status).toBe(204);

    const statuses = await Promise.all(flood);
    expect(statuses.filter((status) => status === 401)).toHaveLength(
      52,
    );
    for (const { headers, body } of refused) {
      expect(body.code).toBe('too_many_logins');
      expect(headers.get('retry-after')).toBe('2');
    }
    expect((await app.logIn(ADA)).status).toBe(201);
    expect(app.log.entries).toEqual([]);
  },
);

failure(
  'Two changes of one password arrive at once, one from an attacker',
  {
    symptom:
      'The first is stored, and the second gets 401, since its old password is no longer right',
    defence: 'change-password',
    remains:
      'A login that rehashes meanwhile also refuses the change: the user tries again',
  },
  async () => {
    await using app = await startTestApp();
    await app.register(ADA);
    const { unlock } = await lockTable(
      app.pool,
      'password_hashes',
      'share',
    );

    const passwords = ['the first one', 'the other one'];
    const changes = passwords.map((next) =>
      app.change(ADA, PASSWORD, next),
    );
    await untilWaiting(app.pool, 2);
    await unlock();

    const answers = await Promise.all(changes);
    const stored = answers[0]?.status === 204 ? 0 : 1;
    expect(answers[stored]?.status).toBe(204);
    expect(answers[1 - stored]).toMatchObject(wrong);
    for (const [index, password] of passwords.entries())
      expect((await app.logIn(ADA, password)).status).toBe(
        index === stored ? 201 : 401,
      );
  },
);

failure(
  'An attacker finds out who has an account, by the answer or its time',
  {
    symptom: 'The same 401 after the same work',
    defence: 'verify',
    remains:
      'A hash that is not replaced yet takes another time: an old cost, or bcrypt',
  },
  async () => {
    const cost = { memory: 19_456, passes: 8 };
    await using app = await startTestApp({ cost });
    await app.register(ADA);
    const known: number[] = [];
    const unknown: number[] = [];

    for (let round = 0; round < 7; round++) {
      known.push(await measure(ADA));
      unknown.push(await measure(BOB));
    }

    const ratio = median(unknown) / median(known);
    expect(ratio).toBeGreaterThan(0.5);
    expect(ratio).toBeLessThan(2);

    /** The CPU time of a login, in microseconds: other programs do not disturb it. */
    async function measure(email: string): Promise<number> {
      const before = process.cpuUsage();
      const answer = await app.logIn(email, 'wrong');
      const { user, system } = process.cpuUsage(before);
      expect(answer).toMatchObject({
        ...wrong,
        body: { ...wrong.body, detail: 'Try again' },
      });
      return user + system;
    }
  },
);

failure(
  'Somebody sends a password of a megabyte, or none',
  {
    symptom: '400 `invalid_password` before anything is hashed',
    defence: 'require-text',
    remains: 'The server reads the body first: limit its size too',
  },
  async () => {
    const queue = { parallel: 1, waiting: 1 };
    await using app = await startTestApp({ queue });
    const { verify, hash } = app.hasher;
    const refused = { code: 'invalid_password', status: 400 };
    const bad = ['', 'x'.repeat(1025), '€'.repeat(342), 'a\ud800'];
    // As many as may run and wait: a hash would be refused with 503.
    const flood = [hash(PASSWORD), hash(PASSWORD)];

    for (const password of [...bad, 'x'.repeat(1_000_000)]) {
      await expect(verify(password)).rejects.toMatchObject(refused);
      await expect(hash(password)).rejects.toMatchObject(refused);
    }

    await Promise.all(flood);
    for (const password of ['x', 'x'.repeat(1024), '€'.repeat(341)]) {
      const stored = await hash(password);
      expect(await verify(password, stored)).toEqual({ isRight: true });
    }
    const answer = await app.logIn(BOB, 'x'.repeat(1025));
    expect(answer).toMatchObject({
      status: 400,
      body: {
        code: 'invalid_password',
        detail: 'A password is text of 1 to 1024 bytes',
      },
    });
  },
);

failure(
  'Somebody reads the table of hashes',
  {
    symptom:
      'Without the pepper, no guess can be checked; the same password has two hashes',
    defence: 'derive',
    remains:
      'An attacker who also has the pepper guesses weak passwords, slowly',
  },
  async () => {
    await using app = await startTestApp();
    await app.register(ADA);
    await app.register(BOB);
    const hashes = [await app.readHash(ADA), await app.readHash(BOB)];
    expect(new Set(hashes).size).toBe(2);

    for (const stored of hashes) {
      expect(stored).not.toContain(PASSWORD);
      const { salt, tag } = parseHash(stored) ?? {};
      const secret = app.pepper.secret.reveal();
      const guess = {
        message: PASSWORD,
        nonce: Buffer.from(salt ?? ''),
        memory: 19_456,
        passes: 2,
        parallelism: 1,
        tagLength: 32,
      };
      expect(argon2Sync('argon2id', guess)).not.toEqual(tag);
      expect(argon2Sync('argon2id', { ...guess, secret })).toEqual(tag);
    }
  },
);

failure(
  'The cost is raised after some years',
  {
    symptom:
      'None: each user gets a new hash at the next login, and no login lowers the cost',
    defence: 'verify',
    remains: 'Users who do not come back keep the old hash',
  },
  async () => {
    const cost = { memory: 12_288, passes: 3 };
    await using app = await startTestApp({ cost });
    await app.register(ADA);
    const before = await app.readHash(ADA);
    expect(before).toContain('$m=12288,t=3,p=1,');
    expect((await app.logIn(ADA)).status).toBe(201);
    expect(await app.readHash(ADA)).toBe(before);

    const raised = await app.start({});
    expect(await raised.logIn(ADA, 'wrong')).toMatchObject(wrong);
    expect(await app.readHash(ADA)).toBe(before);
    expect((await raised.logIn(ADA)).status).toBe(201);

    const after = await app.readHash(ADA);
    expect(after).toContain('$m=19456,t=2,p=1,');
    expect((await raised.logIn(ADA)).status).toBe(201);
    expect(await app.readHash(ADA)).toBe(after);
    // An instance that is not deployed yet leaves the higher cost.
    expect((await app.logIn(ADA)).status).toBe(201);
    expect(await app.readHash(ADA)).toBe(after);
    expect(app.log.entries).toEqual([]);
  },
);

failure(
  'The pepper has leaked, or has to be replaced',
  {
    symptom:
      'None, as long as the old one stays in the list; a hash whose pepper is gone answers 500, not 401',
    defence: 'verify',
    remains:
      'Users who do not come back keep the old pepper: delete their hashes, and they reset their passwords',
  },
  async () => {
    await using app = await startTestApp();
    await app.register(ADA);
    await app.register(BOB);
    const next = createPepper();

    const both = await app.start({ peppers: [next, app.pepper] });
    expect((await both.logIn(ADA)).status).toBe(201);
    expect(await app.readHash(ADA)).toContain(`,keyid=${next.id}$`);
    expect(await both.logIn(ADA, 'wrong')).toMatchObject(wrong);
    // The instances that are not deployed yet have the next one second.
    const notYet = await app.start({ peppers: [app.pepper, next] });
    expect((await notYet.logIn(ADA)).status).toBe(201);
    expect((await both.logIn(ADA)).status).toBe(201);

    const one = await app.start({ peppers: [next] });
    expect((await one.logIn(ADA)).status).toBe(201);
    expect(await one.logIn(BOB)).toMatchObject(broken);
    // Not taken for a wrong password: it shows in the log.
    const message = `there is no pepper ${app.pepper.id}`;
    expect(app.log.entries).toMatchObject([
      {
        details: {
          error: { code: 'unreadable_password_hash', message },
        },
      },
    ]);
    const everything = inspect(app.log.entries, { depth: null });
    expect(everything).not.toContain('argon2id');
    await app.pool.query(
      `delete from password_hashes where strpos(hash, $1) = 0`,
      [`,keyid=${next.id}$`],
    );
    expect(await one.logIn(BOB)).toMatchObject(wrong);
    expect((await one.logIn(ADA)).status).toBe(201);
  },
);

it('does not start when the peppers are missing, short or easy to guess, and does not quote them', async () => {
  const good = createSecrets().PASSWORD_PEPPERS;
  const faults: [string | undefined, string][] = [
    [undefined, 'is not set'],
    ['', 'is too short'],
    [good.slice(1), 'is too short'],
    ['a'.repeat(43), 'is easy to guess'],
    [`${good},`, 'is too short'],
    [`${good},${good},${good.slice(1)}`, 'is too short'],
  ];
  for (const [text, sentence] of faults) {
    const { error } = peppersText.safeParse(text);
    expect(error?.message).toContain(sentence);
    expect(error?.message).not.toContain(good.slice(1));
  }
  const two = `${good},x${good}`;
  const peppers = peppersText.parse(two).map(({ id, secret }) => {
    return [id, secret.reveal()];
  });
  expect(peppers).toEqual([
    [nameOf(good), good],
    [nameOf(`x${good}`), `x${good}`],
  ]);

  function nameOf(secret: string) {
    const hmac = createHmac('sha256', secret).update('keyid');
    return hmac.digest().subarray(0, 6).toString('base64');
  }

  const { code, errors } = await runProgram(
    new URL('main.ts', import.meta.url),
    { PASSWORD_PEPPERS: 'tiger', PORT: '0' },
  );
  expect(code).toBe(1);
  expect(errors).toContain('PASSWORD_PEPPERS');
  expect(errors).toContain('is too short');
  expect(errors).not.toContain('tiger');
});

failure(
  'A stored hash is broken, or asks for 64 GiB',
  {
    symptom:
      '500 for this user, and the log has `unreadable_password_hash` without the hash',
    defence: 'parse-hash',
    remains:
      'An attacker who can write to the table can replace a hash',
  },
  async () => {
    await using app = await startTestApp();
    await app.register(ADA);
    const good = await app.readHash(ADA);
    const bad = [
      good.replace('m=19456', 'm=67108864'),
      good.replace('t=2', 't=4000000000'),
      good.replace(/keyid=.*/, `${'A'.repeat(43)}`),
      good.replace('argon2id', '2b'),
    ];
    for (const stored of bad) {
      await app.pool.query('update password_hashes set hash = $1', [
        stored,
      ]);
      expect(await app.logIn(ADA)).toMatchObject(broken);
    }

    expect(app.log.entries).toHaveLength(bad.length);
    const everything = inspect(app.log.entries, { depth: null });
    expect(everything).not.toContain('argon2id');
    expect(everything).not.toContain(good.slice(-43));
    for (const { details } of app.log.entries)
      expect(details).toMatchObject({
        error: {
          code: 'unreadable_password_hash',
          message: 'a stored hash cannot be read',
        },
      });
    await app.pool.query('update password_hashes set hash = $1', [
      good,
    ]);
    expect((await app.logIn(ADA)).status).toBe(201);
  },
);

failure(
  'A user types é on another keyboard',
  {
    symptom: 'The login works: NFC makes one text of both',
    defence: 'normalise',
    remains: 'Look-alikes such as ﬁ and fi stay different',
  },
  async () => {
    await using app = await startTestApp();
    const composed = 'caf\u00e9 au lait';
    const decomposed = 'cafe\u0301 au lait';
    await app.register(ADA, composed);
    await app.register(BOB, decomposed);

    for (const email of [ADA, BOB])
      for (const password of [composed, decomposed])
        expect((await app.logIn(email, password)).status).toBe(201);
    expect(await app.logIn(ADA, 'cafe au lait')).toMatchObject(wrong);
    // In the form that NIST names: it is what another program computes.
    for (const email of [ADA, BOB]) {
      const { salt, tag } = parseHash(await app.readHash(email)) ?? {};
      expect(
        argon2Sync('argon2id', {
          message: composed,
          nonce: Buffer.from(salt ?? ''),
          memory: 19_456,
          passes: 2,
          parallelism: 1,
          tagLength: 32,
          secret: app.pepper.secret.reveal(),
        }),
      ).toEqual(tag);
    }
    await app.register('cat@example.com', '\ufb01sh');
    const answer = await app.logIn('cat@example.com', 'fish');
    expect(answer).toMatchObject(wrong);
  },
);

failure(
  'Users are imported with bcrypt, which ignores all after 72 bytes',
  {
    symptom:
      'The login works and replaces the hash; 401 for what bcrypt would cut off',
    defence: 'verify-imported',
    remains: 'Owners of longer passwords have to reset them',
  },
  async () => {
    await using app = await startTestApp();
    await app.addUser(ADA, await hashWithBcrypt(PASSWORD, { cost: 4 }));
    expect(await app.logIn(ADA, 'wrong')).toMatchObject(wrong);
    expect((await app.logIn(ADA)).status).toBe(201);
    expect(await app.readHash(ADA)).toContain(
      `p=1,keyid=${app.pepper.id}$`,
    );
    expect((await app.logIn(ADA)).status).toBe(201);

    const long = 'x'.repeat(72);
    const cut = await hashWithBcrypt(`${long}yz`, { cost: 4 });
    await app.addUser(BOB, cut);
    for (const password of [`${long}y`, `${long}yz`, '€'.repeat(25)])
      expect(await app.logIn(BOB, password)).toMatchObject(wrong);
    expect(await app.readHash(BOB)).toBe(cut);
    expect((await app.logIn(BOB, long)).status).toBe(201);

    // The body parser refuses NUL; other ways in may not.
    const nul = await hashWithBcrypt('ab\0cd', { cost: 4 });
    expect(await verifyImported('ab\0cd', nul)).toBe(false);

    // Answered at once, it would show who is imported.
    const slow = await hashWithBcrypt(long, { cost: 8 });
    for (const password of [`${long}x`, 'a\0'.repeat(36)]) {
      const before = process.cpuUsage();
      expect(await verifyImported(password, slow)).toBe(false);
      const { user, system } = process.cpuUsage(before);
      expect(user + system).toBeGreaterThan(5000);
    }
  },
);

function median(figures: number[]): number {
  const sorted = figures.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

const pepper = createPepper();
const hasher = createPasswordHasher({ peppers: [pepper] });
const SALT = 'c29tZXNhbHRzb21lc2FsdA';
const TAG = 'A'.repeat(43);

describe('a new hash', () => {
  it('is a PHC string of the cost that OWASP recommends, with a salt of its own', async () => {
    const hashes = [await hasher.hash('a'), await hasher.hash('a')];

    const begin = `$argon2id$v=19$m=19456,t=2,p=1,keyid=${pepper.id}$`;
    for (const hash of hashes) {
      expect(hash.startsWith(begin)).toBe(true);
      expect(hash.slice(begin.length)).toMatch(
        /^[\w+/]{22}\$[\w+/]{43}$/,
      );
    }
    const [one, other] = hashes.map((hash) => hash.split('$').slice(4));
    expect(one?.[0]).not.toBe(other?.[0]);
    expect(one?.[1]).not.toBe(other?.[1]);
  });

  it.each([
    [47_104, 1],
    [19_456, 2],
    [12_288, 3],
    [9216, 4],
    [7168, 5],
  ])(
    'may cost %d KiB, filled %d times, and no less',
    async (memory, passes) => {
      const peppers: Peppers = [pepper];
      const cost = { memory, passes };
      const stored = await createPasswordHasher({ peppers, cost }).hash(
        'a',
      );
      expect(stored).toContain(`$m=${memory},t=${passes},p=1,`);

      for (const less of [
        { memory: memory - 1, passes },
        { memory, passes: passes - 1 },
        { memory: Number.NaN, passes },
      ])
        expect(() =>
          createPasswordHasher({ peppers, cost: less }),
        ).toThrow('the cost is lower than OWASP recommends');
    },
  );

  it('cannot cost more than a stored one may', () => {
    const cost = { memory: 262_144, passes: 5 };
    expect(() =>
      createPasswordHasher({ peppers: [pepper], cost }),
    ).toThrow('the cost is higher than hashes may have');
  });

  it.each([
    ['', 'is too short'],
    ['x'.repeat(64), 'is easy to guess'],
  ])('needs good peppers: not %j', (text, sentence) => {
    const bad = { id: 'AAAAAAAA', secret: new Secret(text) };
    const lists: Peppers[] = [[bad], [pepper, bad]];
    for (const peppers of lists)
      expect(() => createPasswordHasher({ peppers })).toThrow(sentence);
  });

  it('has a salt of 16 random bytes', async () => {
    const hashes = Array.from({ length: 5 }, () => hasher.hash('a'));
    const salts = (await Promise.all(hashes)).map((hash) => {
      return parseHash(hash)?.salt ?? Buffer.alloc(0);
    });

    for (let at = 0; at < 16; at++)
      expect(
        new Set(salts.map((salt) => salt.readUInt8(at))).size,
      ).toBeGreaterThan(1);
  });

  it('names its pepper by the secret, whatever the caller says', async () => {
    const renamed = { ...pepper, id: 'AAAAAAAA' };
    const { hash } = createPasswordHasher({ peppers: [renamed] });
    expect(await hash('a')).toContain(`,keyid=${pepper.id}$`);
  });

  it('cannot be made without a pepper', () => {
    const peppers: (typeof pepper)[] = [];
    expect(() =>
      // As JavaScript may call it.
      Reflect.apply(createPasswordHasher, undefined, [{ peppers }]),
    ).toThrow('at least 32 random bytes');
  });
});

describe('a password', () => {
  const long = 'x'.repeat(1023);

  it.each([
    [`${long}y`, `${long}z`],
    [`${'x'.repeat(72)}y`, `${'x'.repeat(72)}z`],
    ['Correct horse', 'correct horse'],
    [' horse', 'horse'],
    ['horse ', 'horse'],
    ['a\0b', 'a\0c'],
    ['a\0b', 'a'],
  ])('counts whole, as it was typed: %j', async (one, other) => {
    const stored = await hasher.hash(one);

    expect(await hasher.verify(one, stored)).toEqual({ isRight: true });
    expect(await hasher.verify(other, stored)).toEqual({
      isRight: false,
    });
  });
});

describe('a stored hash', () => {
  it.each([0, 4, 16, 31])(
    'is of another password when byte %d of its tag differs',
    async (at) => {
      const stored = await hasher.hash(PASSWORD);
      const tag = Buffer.from(stored.slice(-43), 'base64');
      tag.writeUInt8(tag.readUInt8(at) ^ 1, at);
      const other = tag.toString('base64').replace('=', '');

      expect(
        await hasher.verify(PASSWORD, stored.slice(0, -43) + other),
      ).toEqual({ isRight: false });
    },
  );

  it('that another program made with the pepper is right', async () => {
    const tag = argon2Sync('argon2id', {
      message: PASSWORD,
      nonce: Buffer.from(SALT, 'base64'),
      memory: 7168,
      passes: 5,
      parallelism: 2,
      tagLength: 20,
      secret: pepper.secret.reveal(),
    });
    const begin = `$argon2id$v=19$m=7168,t=5,p=2,keyid=${pepper.id}`;
    const end = tag.toString('base64').replaceAll('=', '');
    const stored = `${begin}$${SALT}$${end}`;

    const verdict = await hasher.verify(PASSWORD, stored);

    expect(verdict).toEqual({
      isRight: true,
      rehashed: expect.stringContaining(
        `$m=19456,t=2,p=1,keyid=${pepper.id}$`,
      ),
    });
    expect(await hasher.verify(PASSWORD, verdict.rehashed)).toEqual({
      isRight: true,
    });
    expect(await hasher.verify('wrong', stored)).toEqual({
      isRight: false,
    });
  });

  it('is right for another program that has the pepper', async () => {
    const stored = await hasher.hash(PASSWORD);
    const secret = Buffer.from(pepper.secret.reveal());
    const bare = stored.replace(`,keyid=${pepper.id}`, '');

    expect(await verifyWithArgon2(bare, PASSWORD, { secret })).toBe(
      true,
    );
    expect(await verifyWithArgon2(bare, PASSWORD)).toBe(false);
  });

  it('is never right when there is none', async () => {
    expect(await hasher.verify(PASSWORD)).toEqual({ isRight: false });
    for (const none of [undefined, null])
      expect(await hasher.verify(PASSWORD, none)).toEqual({
        isRight: false,
      });
  });

  it('without a pepper is not read, unless imports are allowed', async () => {
    const stored = await hashWithBcrypt(PASSWORD, { cost: 4 });
    const bare = `$argon2id$v=19$m=8,t=1,p=1$${SALT}$${TAG}`;
    for (const one of [stored, bare])
      await expect(hasher.verify(PASSWORD, one)).rejects.toMatchObject({
        code: 'unreadable_password_hash',
        name: 'StoredHashError',
      });

    const { verify } = createPasswordHasher({
      peppers: [pepper],
      imported: verifyImported,
    });
    expect((await verify(PASSWORD, stored)).isRight).toBe(true);
    expect(await verify(PASSWORD, bare)).toEqual({ isRight: false });
  });

  it('is read with its cost, its pepper, its salt and its tag', () => {
    expect(
      parseHash(
        `$argon2id$v=19$m=64,t=3,p=2,keyid=Az09+/+/$${SALT}$${TAG}`,
      ),
    ).toEqual({
      cost: { memory: 64, passes: 3, lanes: 2 },
      keyId: 'Az09+/+/',
      salt: Buffer.from('somesaltsomesalt'),
      tag: Buffer.alloc(32),
    });
  });

  it.each([
    '',
    `x$argon2id$v=19$m=64,t=3,p=2$${SALT}$${TAG}`,
    `$argon2id$v=19$m=64,t=3,p=2$${SALT}$${TAG}x$`,
    `$argon2i$v=19$m=64,t=3,p=2$${SALT}$${TAG}`,
    `$argon2id$v=16$m=64,t=3,p=2$${SALT}$${TAG}`,
    `$argon2id$m=64,t=3,p=2$${SALT}$${TAG}`,
    `$argon2id$v=19$m=64,t=3$${SALT}$${TAG}`,
    `$argon2id$v=19$m=64,p=3$${SALT}$${TAG}`,
    `$argon2id$v=19$t=64,p=3$${SALT}$${TAG}`,
    `$argon2id$v=19$m=64,t=3,p=2,data=AAAA$${SALT}$${TAG}`,
    `$argon2id$v=19$m=64,t=3,p=2,keyid=AAAA$${SALT}$${TAG}`,
    `$argon2id$v=19$m=64,t=3,p=2,keyid=AAAAAAAAA$${SALT}$${TAG}`,
    `$argon2id$v=19$m=0x40,t=3,p=2$${SALT}$${TAG}`,
    `$argon2id$v=19$m=1e3,t=3,p=2$${SALT}$${TAG}`,
    `$argon2id$v=19$m=64,m=64,t=3,p=2$${SALT}$${TAG}`,
    `$argon2id$v=19$t=3,m=64,p=2$${SALT}$${TAG}`,
    `$argon2id$v=19$m=64,t=3,p=2$${SALT.slice(0, 10)}$${TAG}`,
    `$argon2id$v=19$m=64,t=3,p=2$${'A'.repeat(65)}$${TAG}`,
    `$argon2id$v=19$m=64,t=3,p=2$${SALT}$${TAG.slice(0, 21)}`,
    `$argon2id$v=19$m=64,t=3,p=2$${SALT}$${TAG}${TAG}A`,
    `$argon2id$v=19$m=64,t=3,p=2$${SALT}$`,
    `$argon2id$v=19$m=64,t=3,p=2$${SALT}$${TAG}=`,
  ])('is not read when it is %j', (text) => {
    expect(parseHash(text)).toBeUndefined();
  });

  it('may have a salt of 8 to 48 bytes and a tag of 16 to 64', () => {
    const begin = '$argon2id$v=19$m=64,t=3,p=2$';
    const short = `${begin}${'A'.repeat(11)}$${'A'.repeat(22)}`;
    const long = `${begin}${'A'.repeat(64)}$${'A'.repeat(86)}`;

    expect(parseHash(short)?.salt).toHaveLength(8);
    expect(parseHash(short)?.tag).toHaveLength(16);
    expect(parseHash(long)?.salt).toHaveLength(48);
    expect(parseHash(long)?.tag).toHaveLength(64);
  });

  it.each([
    [true, 262_144, 4, 1],
    [false, 262_145, 1, 1],
    [false, 262_144, 5, 1],
    [false, 61_681, 17, 1], // one KiB more than a GiB
    [true, 8, 131_072, 1],
    [false, 8, 131_073, 1],
    [false, 64, 0, 1],
    [true, 8, 1, 1],
    [false, 7, 1, 1],
    [true, 32, 1, 4],
    [false, 31, 1, 4],
    [false, 64, 1, 0],
    [true, 136, 1, 16],
    [false, 136, 1, 17],
    [false, 64.5, 1, 1],
    [false, 64, 1.5, 1],
    [false, 64, 1, 1.5],
    [false, Number.NaN, 1, 1],
    [false, 64, Number.NaN, 1],
    [false, 64, 1, Number.NaN],
  ])(
    'may: %j, cost %d KiB, %d passes and %d lanes',
    (may, memory, passes, lanes) => {
      expect(isAffordable({ memory, passes, lanes })).toBe(may);
    },
  );
});

describe('an imported hash', () => {
  it('of the package argon2, at its defaults, is right without a pepper', async () => {
    const stored = await hashWithArgon2(PASSWORD);

    expect(await verifyImported(PASSWORD, stored)).toBe(true);
    expect(await verifyImported('wrong', stored)).toBe(false);
  });

  it('is compared with the text as it was typed', async () => {
    const decomposed = 'cafe\u0301';
    const stored = await hashWithBcrypt(decomposed, { cost: 4 });

    const bare = await hashWithArgon2(decomposed);

    for (const one of [stored, bare]) {
      expect(await verifyImported(decomposed, one)).toBe(true);
      expect(await verifyImported('caf\u00e9', one)).toBe(false);
    }
  });

  it.each(['2a', '2b', '2y'])(
    'may be bcrypt with %s',
    async (version) => {
      const stored = await hashWithBcrypt('x'.repeat(72), { cost: 4 });
      const other = stored.replace('2b', version);

      expect(await verifyImported('x'.repeat(72), other)).toBe(true);
      expect(await verifyImported('x'.repeat(71), other)).toBe(false);
    },
  );

  it.each(['$2b$03$', '$2b$15$', '$2b$31$', '$2x$10$', 'x$2b$10$'])(
    'is not read when it begins with %s',
    async (begin) => {
      const stored = `${begin}${'a'.repeat(53)}`;
      expect(await verifyImported(PASSWORD, stored)).toBeUndefined();
    },
  );

  it.each([52, 54])(
    'is not read when %d characters follow',
    async (length) => {
      const stored = `$2b$04$${'a'.repeat(length)}`;
      expect(await verifyImported(PASSWORD, stored)).toBeUndefined();
    },
  );

  it.each(['04', '09', '10', '14'])(
    'may have the cost %s',
    async (cost) => {
      const stored = `$2b$${cost}$${'a'.repeat(53)}`;
      expect(await verifyImported('x'.repeat(73), stored)).toBe(false);
    },
  );
});

describe('a login', () => {
  it('answers with the id of the user', async () => {
    await using app = await startTestApp();
    await app.register(ADA);
    await app.register(BOB, 'another password');
    const { rows } = await app.pool.query(
      'select id from users where email = $1',
      [ADA],
    );

    const { status, body } = await app.logIn(ADA);

    expect([status, body]).toEqual([201, { userId: rows[0]?.id }]);
    expect(await app.logIn(ADA, 'another password')).toMatchObject(
      wrong,
    );
    expect((await app.logIn(ADA.toUpperCase())).status).toBe(201);
    // No pattern: `_` and `%` stand for themselves.
    for (const email of ['_da@example.com', '%@example.com'])
      expect((await app.logIn(email)).status).not.toBe(201);
  });

  it('does not bring back a password that was changed during its rehash', async () => {
    await using app = await startTestApp();
    await app.register(ADA);
    const hasher = createPasswordHasher({
      peppers: [createPepper(), app.pepper],
    });
    const plain = createPasswords({ ...app, hasher });
    const passwords = createPasswords({
      ...app,
      hasher: {
        ...hasher,
        async verify(...args) {
          const verdict = await hasher.verify(...args);
          expect(verdict.rehashed).toBeDefined();
          await plain.setPassword(`${await readId()}`, 'the new one');
          return verdict;
        },
      },
    });
    async function readId() {
      const { rows } = await app.pool.query('select id from users');
      return rows[0]?.id;
    }

    const credentials = { email: ADA, password: PASSWORD };
    expect(await passwords.logIn(credentials)).toBe(await readId());

    expect(await plain.logIn(credentials)).toBeUndefined();
    const changed = { email: ADA, password: 'the new one' };
    expect(await plain.logIn(changed)).toBe(await readId());
  });

  it('replaces the hash of its user alone', async () => {
    await using app = await startTestApp();
    // The same hash twice, as a careless import makes it.
    const hash = await app.hasher.hash(PASSWORD);
    await app.addUser(ADA, hash);
    await app.addUser(BOB, hash);
    const pepper = createPepper();
    const next = await app.start({ peppers: [pepper, app.pepper] });

    expect((await next.logIn(ADA)).status).toBe(201);

    expect(await app.readHash(ADA)).toContain(`keyid=${pepper.id}`);
    expect(await app.readHash(BOB)).toBe(hash);
  });

  it('is right although the new hash cannot be stored, and the log does not have it', async () => {
    await using app = await startTestApp();
    await app.register(ADA);
    await app.pool.query(
      `alter table password_hashes
       add check (strpos(hash, '${app.pepper.id}') > 0)`,
    );
    const next = await app.start({
      peppers: [createPepper(), app.pepper],
    });

    expect((await next.logIn(ADA)).status).toBe(201);

    const { rows } = await app.pool.query('select id from users');
    expect(app.log.entries).toEqual([
      {
        level: 'warn',
        message: 'password not rehashed',
        details: {
          userId: rows[0]?.id,
          reason: expect.stringContaining('violates check constraint'),
        },
      },
    ]);
    expect(JSON.stringify(app.log.entries)).not.toContain('argon2id');
  });

  it('gets 503 while the pool has no connection', async () => {
    await using app = await startTestApp();
    const pool = createPool({
      connectionString: app.databaseUrl,
      applicationName: 'test',
      max: 1,
      maxWaiting: 1,
      log: app.log,
    });
    const client = await pool.connect();
    const waiting = pool.query('select 1');
    await using other = await listen(
      createApp({ peppers: [app.pepper], pool, log: app.log }),
    );

    const body = { email: ADA, password: PASSWORD };
    const send = createClient(other.url);
    expect(await send('POST', '/sessions', { body })).toMatchObject({
      status: 503,
      body: { code: 'queue_full' },
    });

    client.release();
    await waiting;
    await pool.end();
  });

  it('costs no hash when its client hangs up while it waits', async () => {
    const { promise: gate, resolve: open } =
      Promise.withResolvers<boolean>();
    const imported = vi.fn(() => gate);
    await using app = await startTestApp({
      queue: { parallel: 1, waiting: 1 },
      imported,
    });
    for (const email of [ADA, BOB])
      await app.addUser(email, `$2b$10$${'a'.repeat(53)}`);
    const running = app.logIn(ADA);
    await waitUntil(
      'the first runs',
      () => imported.mock.calls.length > 0,
    );
    const query = vi.spyOn(app.pool, 'query');
    const controller = new AbortController();
    const waiting = fetch(`${app.url}/sessions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: BOB, password: PASSWORD }),
      signal: controller.signal,
    });
    await waitUntil('it is read', () => query.mock.results.length > 0);
    await query.mock.results[0]?.value;
    await nextTurn(); // now it waits

    const queries = query.mock.calls.length;
    expect((await app.logIn(BOB)).status).toBe(503);
    expect((await app.change(BOB, 'a', 'b')).status).toBe(503);
    expect(query).toHaveBeenCalledTimes(queries);
    controller.abort();
    await expect(waiting).rejects.toThrow('aborted');
    await waitUntil('it is gone', () => app.log.entries.length > 0);
    const next = app.logIn(BOB);
    open(false);

    expect(await running).toMatchObject(wrong);
    expect(await next).toMatchObject(wrong);
    expect(imported).toHaveBeenCalledTimes(2);
    expect(app.log.entries).toMatchObject([
      { level: 'info', message: 'client went away' },
    ]);
  });
});

describe('a change of the password', () => {
  it('and a rehash are answered when they are stored', async () => {
    await using app = await startTestApp();
    await app.register(ADA);
    const hasher = createPasswordHasher({
      peppers: [createPepper(), app.pepper],
    });
    const passwords = createPasswords({ ...app, hasher });
    const { rows } = await app.pool.query('select id from users');
    const { unlock } = await lockTable(
      app.pool,
      'password_hashes',
      'share',
    );
    let answered = 0;
    const note = () => {
      answered += 1;
    };

    const changes = [
      passwords.logIn({ email: ADA, password: PASSWORD }).then(note),
      passwords.setPassword(rows[0]?.id, 'the new one').then(note),
    ];
    await untilWaiting(app.pool, 2);

    expect(answered).toBe(0);
    await unlock();
    await Promise.all(changes);
  });

  it('needs the old one, and replaces it', async () => {
    await using app = await startTestApp();
    await app.register(ADA);
    await app.register(BOB);

    const refused = await app.change(ADA, 'wrong', 'the new one');
    expect(refused).toMatchObject(wrong);
    expect((await app.logIn(ADA)).status).toBe(201);
    expect(
      (await app.change(ADA, PASSWORD, 'the new one')).status,
    ).toBe(204);

    expect(await app.logIn(ADA)).toMatchObject(wrong);
    expect((await app.logIn(ADA, 'the new one')).status).toBe(201);
    expect((await app.logIn(BOB)).status).toBe(201);
  });

  it('is refused like any other password', async () => {
    await using app = await startTestApp();
    await app.register(ADA);

    expect(await app.change(ADA, PASSWORD, '')).toMatchObject({
      status: 400,
      body: { code: 'invalid_password' },
    });
  });

  it('gives a first password to a user without one', async () => {
    await using app = await startTestApp();
    const passwords = createPasswords(app);
    const { rows } = await app.pool.query(
      'insert into users (email) values ($1) returning id',
      [ADA],
    );
    expect(await app.logIn(ADA)).toMatchObject(wrong);

    await passwords.setPassword(rows[0]?.id, PASSWORD);

    expect((await app.logIn(ADA)).status).toBe(201);
  });

  it('that cannot be stored is an error without the hash', async () => {
    await using app = await startTestApp();
    await app.register(ADA);
    // As a hasher with a fault: Postgres quotes the row that it refuses.
    const hash = async () => 'a plain password';
    const { changePassword, setPassword } = createPasswords({
      ...app,
      hasher: { ...app.hasher, hash },
    });
    const { rows } = await app.pool.query('select id from users');
    const change = {
      email: ADA,
      password: PASSWORD,
      newPassword: 'the new one',
    };

    for (const attempt of [
      () => setPassword(rows[0]?.id, 'the new one'),
      () => changePassword(change),
    ]) {
      const error = await attempt().catch((error: unknown) => error);
      expect(error).toMatchObject({
        name: 'PasswordNotStoredError',
        code: 'password_not_stored',
        message: expect.stringContaining('violates check constraint'),
      });
      const everything = inspect(error, { depth: null });
      expect(everything).not.toContain('a plain password');
    }
  });

  it('waits in the queue, and leaves it with its client', async () => {
    await using app = await startTestApp();
    const passwords = createPasswords(app);
    const signal = AbortSignal.abort();
    const change = {
      email: ADA,
      password: PASSWORD,
      newPassword: 'the new one',
    };

    await expect(
      passwords.setPassword(crypto.randomUUID(), PASSWORD, signal),
    ).rejects.toMatchObject({ name: 'AbortError' });
    await expect(
      passwords.changePassword(change, signal),
    ).rejects.toMatchObject({ name: 'AbortError' });
    await expect(
      passwords.logIn({ email: ADA, password: PASSWORD }, signal),
    ).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('the table', () => {
  it.each([
    PASSWORD,
    '',
    '$argon2id$',
    '5f4dcc3b5aa765d61d8327deb882cf99',
    `$2x$10$${'a'.repeat(53)}`,
    `x$2b$10$${'a'.repeat(53)}`,
  ])('does not take %j for a hash', async (text) => {
    await using app = await startTestApp();

    await expect(app.addUser(ADA, text)).rejects.toThrow(
      'violates check constraint',
    );
  });

  it('does not take a missing hash', async () => {
    await using app = await startTestApp();

    await expect(
      app.pool.query(
        `with person as (
           insert into users (email) values ($1) returning id
         )
         insert into password_hashes (user_id)
         select id from person`,
        [ADA],
      ),
    ).rejects.toThrow('not-null');
  });

  it('forgets the hash of a user who is deleted', async () => {
    await using app = await startTestApp();
    await app.register(ADA);
    for (const version of ['2a', '2b', '2y'])
      await app.addUser(
        `${version}@example.com`,
        `$${version}$10$${'a'.repeat(53)}`,
      );

    await app.pool.query('delete from users');

    const { rows } = await app.pool.query(
      'select from password_hashes',
    );
    expect(rows).toEqual([]);
  });
});

/** Work that ends when it is told to. */
function createGate() {
  const { promise, resolve } = Promise.withResolvers<string>();
  const work = vi.fn(() => promise);
  return { work, open: () => resolve('done') };
}

describe('a queue', () => {
  it('has two places and a line of fifty, unless it is told', async () => {
    const { promise: gate, resolve: open } =
      Promise.withResolvers<boolean>();
    const imported = vi.fn(() => gate);
    const { verify } = createPasswordHasher({
      peppers: [createPepper()],
      imported,
    });
    const check = () => verify(PASSWORD, `$2b$10$${'a'.repeat(53)}`);

    const checks = Array.from({ length: 52 }, check);
    await expect(check()).rejects.toMatchObject({
      code: 'too_many_logins',
    });

    expect(imported).toHaveBeenCalledTimes(2);
    open(false);
    for (const verdict of await Promise.all(checks))
      expect(verdict).toEqual({ isRight: false });
  });

  it('is shared by hashes, logins and rehashes, each in one place', async () => {
    const { promise: gate, resolve: open } =
      Promise.withResolvers<boolean>();
    const { hash, verify } = createPasswordHasher({
      peppers: [pepper],
      imported: () => gate,
      queue: { parallel: 1, waiting: 0 },
    });
    const login = verify(PASSWORD, `$2b$10$${'a'.repeat(53)}`);
    const attempts: Promise<string>[] = [];
    const attempt = () =>
      attempts.push(
        hash('x').then(
          () => 'hashed',
          ({ code }) => code,
        ),
      );

    attempt();
    open(true);
    // A rehash cannot end before the next turn of the event loop.
    for (let round = 0; round < 50; round++) {
      await Promise.resolve();
      attempt();
    }

    expect(new Set(await Promise.all(attempts))).toEqual(
      new Set(['too_many_logins']),
    );
    expect(await login).toEqual({
      isRight: true,
      rehashed: expect.stringContaining('$argon2id$'),
    });
  });

  it('is left by a hash whose client hangs up', async () => {
    const { promise: gate, resolve: open } =
      Promise.withResolvers<boolean>();
    const { hash, verify } = createPasswordHasher({
      peppers: [pepper],
      imported: () => gate,
      queue: { parallel: 1, waiting: 1 },
    });
    const login = verify(PASSWORD, `$2b$10$${'a'.repeat(53)}`);
    const controller = new AbortController();
    const left = hash('x', controller.signal);

    controller.abort();
    open(false);

    await expect(left).rejects.toBe(controller.signal.reason);
    expect(await login).toEqual({ isRight: false });
  });

  it('runs so much at once, and the rest in the order it came', async () => {
    const queue = createWorkQueue({ parallel: 2, waiting: 3 });
    const gates = Array.from({ length: 5 }, createGate);
    const results = gates.map(({ work }) => queue.run(work));
    const started = () =>
      gates.map(({ work }) => work.mock.calls.length).join('');

    expect(started()).toBe('11000');
    gates[1]?.open();
    await results[1];
    expect(started()).toBe('11100');
    gates[0]?.open();
    await results[0];
    expect(started()).toBe('11110');
    for (const gate of gates) gate.open();
    expect(await Promise.all(results)).toEqual(Array(5).fill('done'));

    const again = [createGate(), createGate(), createGate()];
    for (const { work } of again) void queue.run(work);
    expect(again.map(({ work }) => work.mock.calls.length)).toEqual([
      1, 1, 0,
    ]);
    for (const gate of again) gate.open();
  });

  it('refuses what does not fit, and takes it once there is room', async () => {
    const queue = createWorkQueue({ parallel: 1, waiting: 1 });
    const [first, second, third] = [
      createGate(),
      createGate(),
      createGate(),
    ];
    const running = queue.run(first.work);
    const waiting = queue.run(second.work);

    await expect(queue.run(third.work)).rejects.toMatchObject({
      name: 'QueueFullError',
      code: 'too_many_logins',
      status: 503,
      retryAfterSeconds: 2,
    });
    expect(third.work).not.toHaveBeenCalled();
    first.open();
    await running;
    const taken = queue.run(third.work);
    second.open();
    third.open();
    expect(await Promise.all([waiting, taken])).toEqual([
      'done',
      'done',
    ]);
  });

  it('goes on after work that fails', async () => {
    const queue = createWorkQueue({ parallel: 1, waiting: 1 });
    const fault = new Error('no memory');
    const failed = queue.run(() => Promise.reject(fault));
    const next = queue.run(async () => 'done');

    await expect(failed).rejects.toBe(fault);
    expect(await next).toBe('done');
    expect(await queue.run(async () => 'done')).toBe('done');
  });

  it('forgets work whose client is gone, and that alone', async () => {
    const queue = createWorkQueue({ parallel: 1, waiting: 2 });
    const first = createGate();
    const gone = createGate();
    const last = createGate();
    const running = queue.run(first.work);
    const controller = new AbortController();
    const left = queue.run(gone.work, controller.signal);
    const waiting = queue.run(last.work);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(
      1,
    );

    controller.abort();
    await expect(left).rejects.toBe(controller.signal.reason);

    // There is room for one again.
    const late = queue.run(async () => 'late');
    first.open();
    last.open();
    expect(await Promise.all([running, waiting, late])).toEqual([
      'done',
      'done',
      'late',
    ]);
    expect(gone.work).not.toHaveBeenCalled();
    expect(last.work).toHaveBeenCalledTimes(1);
  });

  it('does not begin for a client that is gone already', async () => {
    const queue = createWorkQueue({ parallel: 1, waiting: 1 });
    const { work } = createGate();

    await expect(
      queue.run(work, AbortSignal.abort()),
    ).rejects.toMatchObject({ name: 'AbortError' });

    expect(work).not.toHaveBeenCalled();
    expect(await queue.run(async () => 'done')).toBe('done');
  });

  it('lets work that has begun end, though its client goes', async () => {
    const queue = createWorkQueue({ parallel: 1, waiting: 2 });
    const first = createGate();
    const second = createGate();
    const controller = new AbortController();
    const running = queue.run(first.work);
    const begun = queue.run(second.work, controller.signal);
    first.open();
    await running;
    const third = queue.run(async () => 'third');

    // A signal that lives long would collect them.
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    controller.abort();
    second.open();

    expect(await Promise.all([begun, third])).toEqual([
      'done',
      'third',
    ]);
  });

  it('leaves a thread for files and DNS', () => {
    const create = (parallel: number, waiting = 1) =>
      createWorkQueue({ parallel, waiting });
    for (const parallel of [0, 4, Number.NaN])
      expect(() => create(parallel)).toThrow(
        'parallel is not between 1 and 3',
      );
    expect(create(3)).toBeDefined();
    expect(create(1)).toBeDefined();
    for (const waiting of [-1, 1001, Number.NaN])
      expect(() => create(1, waiting)).toThrow(
        'waiting is not between 0 and 1000',
      );
    expect(create(1, 0)).toBeDefined();
    expect(create(1, 1000)).toBeDefined();

    vi.stubEnv('UV_THREADPOOL_SIZE', '8');
    try {
      expect(create(7)).toBeDefined();
      expect(() => create(8)).toThrow('between 1 and 7');
    } finally {
      vi.unstubAllEnvs();
    }
  });
});
