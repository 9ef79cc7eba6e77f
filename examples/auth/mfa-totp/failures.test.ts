import { setImmediate as nextTurn } from 'node:timers/promises';
import { inspect } from 'node:util';
import {
  lockTable,
  untilWaiting,
} from '@touchstone/kit/postgres/locks';
import { runProgram } from '@touchstone/kit/programs/program';
import { createClient } from '@touchstone/kit/testing/client';
import { failure } from '@touchstone/kit/testing/failure';
import { HOTP, Secret as OtpSecret, TOTP, URI } from 'otpauth';
import { generateSync } from 'otplib';
import { Pool } from 'pg';
import { describe, expect, it, vi } from 'vitest';
import { Secret } from '../../architecture/typed-configuration/secret.ts';
import { createServices } from './create-services.ts';
import { createEnrolment } from './enrolment.ts';
import { createNetworkLimit } from './network-limit.ts';
import { createProofs } from './proofs.ts';
import {
  createRecoveryCodes,
  hashRecoveryCode,
} from './recovery-codes.ts';
import { rotateKeys } from './rotate-keys.ts';
import { SecondFactorError } from './second-factor-error.ts';
import { createSecondFactors } from './second-factors.ts';
import { createSecretBox, keysText } from './secret-box.ts';
import { createSecrets } from './secrets.ts';
import { createKeys, startTestApp } from './test-app.ts';
import { ADA, BOB, createPhone, readCookie } from './test-client.ts';
import {
  createTotpSecret,
  describeSecret,
  findStep,
  readCode,
} from './totp.ts';

type App = Awaited<ReturnType<typeof startTestApp>>;

const wrong = { status: 401, body: { code: 'wrong_credentials' } };
const tooMany = { status: 429, body: { code: 'too_many_codes' } };
const broken = { status: 500, body: { code: 'internal_error' } };
const tooOld = { status: 403, body: { code: 'proof_too_old' } };

failure(
  'A code is sent twice: by two tabs at once, or by a thief who saw it',
  {
    symptom:
      '401 for the second, on every instance; the log has `reason: used`',
    defence: 'take-code',
    remains:
      'A page of a thief that passes the code on at once gets in with it: only passkeys prevent that',
  },
  async () => {
    await using app = await startTestApp();
    const { phone, userId } = await app.enrol();
    const [mine, theirs] = [
      await app.getTicket(),
      await app.getTicket(),
    ];
    const code = phone();
    const { unlock } = await lockTable(
      app.pool,
      'totp_factors',
      'share',
    );

    const logins = [
      app.finish(mine, code),
      app.other.finish(theirs, code),
    ];
    await untilWaiting(app.pool, 2);
    await unlock();

    const statuses = (await Promise.all(logins)).map(({ status }) => {
      return status;
    });
    expect(statuses.toSorted()).toEqual([201, 401]);
    expect(app.log.entries).toEqual([
      {
        level: 'warn',
        message: 'second factor refused',
        details: { userId, reason: 'used' },
      },
    ]);
    // A code that was used costs a pause as well.
    expect(await app.finish(theirs, phone(1))).toMatchObject(tooMany);
    await app.wait(30);
    // It is of the last step now, which is still in the window.
    expect(await app.finish(mine, code)).toMatchObject(wrong);
    await app.wait(4);
    expect((await app.finish(mine, phone())).status).toBe(201);
    // Older than the one that was used, though nobody used it.
    await app.wait(30);
    expect((await app.finish(mine, phone(1))).status).toBe(201);
    expect(await app.finish(theirs, phone())).toMatchObject(wrong);
  },
);

failure(
  'An attacker who has the password guesses codes, 100 at once',
  {
    symptom:
      'One is judged, and the rest gets 429 `too_many_codes`, also when it is right. The pause doubles up to 68 minutes, and after 100 wrong codes in a row only a recovery code works',
    defence: 'take-code',
    remains:
      'While it goes on, the owner needs a recovery code, and a new password, which ends it',
  },
  async () => {
    await using app = await startTestApp();
    const { phone, wrong: guess, recoveryCodes } = await app.enrol();
    const ticket = await app.getTicket();
    const instances = [app, app.other];

    const flood = Array.from({ length: 100 }, (_, index) =>
      instances[index % 2]?.finish(ticket, guess),
    );
    const statuses = (await Promise.all(flood)).map(
      (one) => one?.status,
    );
    expect(statuses.filter((status) => status === 401)).toHaveLength(1);
    expect(statuses.filter((status) => status === 429)).toHaveLength(
      99,
    );

    // n wrong codes in a row cost a pause of 2^n seconds.
    for (const [index, pause] of PAUSES.entries()) {
      await app.wait(pause - 1);
      const again = await app.getTicket();
      const refused = await app.finish(again, phone());
      expect(refused).toMatchObject(tooMany);
      expect(refused.headers.get('retry-after')).toBe('1');
      await app.wait(1);
      expect(await failures(app)).toBe(index + 1);
      expect(await app.finish(again, guess)).toMatchObject(wrong);
      const busy = await app.other.finish(again, phone());
      expect(busy.headers.get('retry-after')).toBe(
        `${PAUSES[index + 1] ?? 4096}`,
      );
    }

    await app.pool.query('update totp_factors set failures = 99');
    await app.wait(4096);
    const last = await app.getTicket();
    expect(await app.finish(last, guess)).toMatchObject(wrong);
    await app.wait(86_400);
    const blocked = await app.finish(await app.getTicket(), phone());
    expect(blocked).toMatchObject({
      status: 429,
      body: {
        code: 'only_recovery_codes',
        detail: 'Use a recovery code',
      },
    });
    expect(blocked.headers.get('retry-after')).toBeNull();

    const owner = await app.getTicket();
    const [first] = recoveryCodes;
    expect((await app.finish(owner, first)).status).toBe(201);
    expect((await app.finish(owner, phone())).status).toBe(201);
    expect(await failures(app)).toBe(0);
  },
);

const PAUSES = [
  2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 4096,
];

async function failures(app: App): Promise<number> {
  const { rows } = await app.pool.query<{ failures: number }>(
    'select failures from totp_factors',
  );
  return Number(rows[0]?.failures);
}

failure(
  'Somebody reads the table, or copies a row of it to another user',
  {
    symptom:
      'No code can be computed: the secret is encrypted for its user. With a copied row, that user gets 500, and the log has `unreadable_secret`',
    defence: 'seal-and-open',
    remains:
      'An attacker who has the key as well can compute codes. One who can write can delete a factor',
  },
  async () => {
    await using app = await startTestApp();
    const ada = await app.enrol(ADA);
    const bob = await app.enrol(BOB);
    const { rows } = await app.pool.query('select * from totp_factors');
    const dump = inspect(rows, { depth: null, maxStringLength: null });
    for (const { secret, recoveryCodes } of [ada, bob])
      for (const text of [secret, ...recoveryCodes]) {
        expect(dump).not.toContain(text);
        expect(dump).not.toContain(text.replaceAll('-', ''));
        const bytes = OtpSecret.fromBase32(text.replaceAll('-', ''));
        expect(dump).not.toContain(bytes.hex.toLowerCase());
      }

    await app.pool.query(
      `update totp_factors
       set secret = (select secret from totp_factors where user_id = $1)
       where user_id = $2`,
      [ada.userId, bob.userId],
    );
    const ticket = await app.getTicket(BOB);
    for (const code of [ada.phone(), bob.phone()])
      expect(await app.finish(ticket, code)).toMatchObject(broken);

    expect(app.log.entries).toMatchObject([
      { details: { error: { code: 'unreadable_secret' } } },
      { details: { error: { code: 'unreadable_secret' } } },
    ]);
    const log = inspect(app.log.entries, { depth: null });
    expect(log).not.toContain(ada.secret);
    expect(log).not.toContain(rows[0]?.secret);
  },
);

failure(
  'A thief has a session, and sets, replaces or removes the second factor',
  {
    symptom:
      '403 `proof_too_old`, unless the last proof is at most five minutes old; the factor of the owner stays',
    defence: 'require-fresh',
    remains:
      'Within these five minutes, a stolen session can do it: tell the user by mail of each change',
  },
  async () => {
    await using app = await startTestApp();
    const { token, phone, wrong: guess } = await app.enrol();
    await app.wait(300);
    expect((await app.begin(token)).status).toBe(200);
    expect((await app.pay(token)).status).toBe(204);
    await app.wait(1);

    for (const answer of [
      await app.begin(token),
      await app.confirm(token, phone()),
      await app.replaceCodes(token),
      await app.remove(token),
      await app.pay(token),
    ])
      expect(answer).toMatchObject(tooOld);
    expect((await app.me(token)).status).toBe(200);
    // The password alone is no proof of a user with a second factor.
    expect(
      await app.prove(token, { password: 'correct horse battery' }),
    ).toMatchObject(tooOld);
    expect(await app.prove(token, { code: guess })).toMatchObject(
      wrong,
    );
    expect(await app.pay(token)).toMatchObject(tooOld);
    expect(
      (await app.finish(await app.getTicket(), phone())).status,
    ).toBe(429);
    await app.wait(2);

    const next = readCookie(await app.prove(token, { code: phone() }));
    // A change of rights ends the old token.
    expect((await app.me(token)).status).toBe(401);
    expect((await app.pay(next)).status).toBe(204);
    expect((await app.remove(next)).status).toBe(204);
    expect((await app.enterPassword()).status).toBe(201);
  },
);

failure(
  'The second factor is skipped with what the password alone gives',
  {
    symptom:
      '401: it is a ticket and no session. It opens no route, and ends after five minutes',
    defence: 'begin-and-finish',
    remains:
      'Every way to log in must call `begin`, the reset of the password too',
  },
  async () => {
    await using app = await startTestApp();
    const { phone, token } = await app.enrol();
    const ticket = await app.getTicket();
    for (const value of [
      ticket,
      ticket.slice(0, 43),
      ticket.slice(-43),
    ]) {
      expect((await app.me(value)).status).toBe(401);
      expect((await app.begin(value)).status).toBe(401);
      expect((await app.pay(value)).status).toBe(401);
    }
    const { rows } = await app.pool.query('select from sessions');
    expect(rows).toHaveLength(1);

    const over = { status: 401, body: { code: 'login_over' } };
    const bytes = Buffer.from(ticket.slice(9), 'base64url');
    bytes.writeUInt8(bytes.readUInt8(20) ^ 1, 20);
    const changed = `${ticket.slice(0, 9)}${bytes.toString('base64url')}`;
    const others = await startTestApp();
    const id = await others.enrol();
    const foreign = await others.getTicket();
    await others[Symbol.asyncDispose]();
    for (const forged of [
      '',
      '.',
      'x',
      token,
      changed,
      foreign,
      id.userId,
    ])
      expect(await app.finish(forged, phone())).toMatchObject(over);

    await app.wait(299);
    expect((await app.finish(ticket, phone())).status).toBe(201);
    await app.wait(1);
    expect(await app.finish(ticket, phone(1))).toMatchObject(over);
  },
);

failure(
  'A recovery code is used twice at once, or after a new set was made',
  {
    symptom:
      '401 for all but the first. Of two sets that are made at once, one works',
    defence: 'take-recovery-code',
    remains:
      'The user has to be told when few are left: the log has `left`',
  },
  async () => {
    await using app = await startTestApp();
    const { token, userId, recoveryCodes } = await app.enrol();
    const [one, two] = recoveryCodes;
    const tickets = [await app.getTicket(), await app.getTicket()];
    const { unlock } = await lockTable(
      app.pool,
      'totp_factors',
      'share',
    );
    const logins = tickets.map((ticket) => app.finish(ticket, one));
    await untilWaiting(app.pool, 2);
    await unlock();

    const statuses = (await Promise.all(logins)).map(({ status }) => {
      return status;
    });
    expect(statuses.toSorted()).toEqual([201, 401]);
    expect(app.log.entries).toEqual([
      {
        level: 'warn',
        message: 'recovery code used',
        details: { userId, left: 9 },
      },
    ]);

    const lock = await lockTable(app.pool, 'totp_factors', 'share');
    const making = [app.replaceCodes(token), app.replaceCodes(token)];
    await untilWaiting(app.pool, 2);
    await lock.unlock();
    const sets = (await Promise.all(making)).map(
      ({ body }) => body.recoveryCodes,
    );
    const ticket = await app.getTicket();
    expect(await app.finish(ticket, two)).toMatchObject(wrong);
    const works = await Promise.all(
      sets.map(async (set) => {
        expect(set).toHaveLength(10);
        return (await app.finish(ticket, set[9])).status;
      }),
    );
    expect(works.toSorted()).toEqual([201, 401]);
  },
);

failure(
  'A user begins to set a second factor, and does not finish',
  {
    symptom:
      'None: a secret counts only after its first code, within ten minutes. Until then, the login needs what it needed before',
    defence: 'confirm',
    remains:
      'A user who loses the phone and all recovery codes needs your support',
  },
  async () => {
    await using app = await startTestApp();
    const token = await app.logIn();
    const { secret } = (await app.begin(token)).body;
    const phone = createPhone(`${secret}`, app.now);
    expect((await app.enterPassword()).status).toBe(201);
    expect(await app.confirm(token, phone(3))).toMatchObject(wrong);
    await app.wait(290);
    const fresh = readCookie(
      await app.prove(token, { password: 'correct horse battery' }),
    );
    await app.wait(290);
    expect(await app.confirm(fresh, phone(3))).toMatchObject(wrong);
    await app.wait(10);
    const late = await app.logIn();
    await app.wait(10);
    expect(await app.confirm(late, phone())).toMatchObject(wrong);

    // The first tab was overtaken by the second.
    const first = createPhone(
      `${(await app.begin(late)).body.secret}`,
      app.now,
    );
    const second = createPhone(
      `${(await app.begin(late)).body.secret}`,
      app.now,
    );
    expect(await app.confirm(late, first())).toMatchObject(wrong);
    expect((await app.confirm(late, second())).status).toBe(200);

    // An old factor stays in use until the new one is confirmed.
    const owner = await app.finish(await app.getTicket(), second(1));
    const cookie = readCookie(owner);
    await app.wait(60);
    const next = createPhone(
      `${(await app.begin(cookie)).body.secret}`,
      app.now,
    );
    const ticket = await app.getTicket();
    expect(await app.finish(ticket, next())).toMatchObject(wrong);
    await app.wait(2);
    expect((await app.finish(ticket, second())).status).toBe(201);
    expect((await app.confirm(cookie, next())).status).toBe(200);
    expect(await app.finish(ticket, second(1))).toMatchObject(wrong);
    await app.wait(2);
    expect((await app.finish(ticket, next(1))).status).toBe(201);
  },
);

failure(
  'The clock of a phone, or of an app server, is wrong',
  {
    symptom:
      'A code of the step before or after works. One that is further away gets 401, and the log says by how many `steps`',
    defence: 'find-step',
    remains:
      'When all users are refused with the same `steps`, the clock of Postgres is wrong',
  },
  async () => {
    await using app = await startTestApp();
    const { phone, userId } = await app.enrol();
    const ticket = await app.getTicket();
    for (const steps of [2, -2, 20, -20]) {
      expect(await app.finish(ticket, phone(steps))).toMatchObject(
        wrong,
      );
      expect(app.log.entries.at(-1)?.details).toEqual({
        userId,
        reason: 'clock',
        steps,
      });
      await app.wait(30);
    }
    expect(await app.finish(ticket, phone(21))).toMatchObject(wrong);
    expect(app.log.entries.at(-1)?.details).toEqual({
      userId,
      reason: 'wrong',
    });
    await app.wait(60);

    expect((await app.finish(ticket, phone(-1))).status).toBe(201);
    expect((await app.finish(ticket, phone(0))).status).toBe(201);
    expect((await app.finish(ticket, phone(1))).status).toBe(201);

    // The clock of an app server does not count, but that of Postgres.
    await app.wait(60);
    const { factors } = await app.start({
      clock: () => new Date('2020-01-01'),
    });
    const address = '127.0.0.1';
    const code = phone();
    expect(await factors.prove({ userId, code, address })).toBe(true);
  },
);

failure(
  'A user types the code with a space or in Arabic digits, or a page sends a number',
  {
    symptom:
      'It works, or gets 400 and does not count as a guess: seven digits, and a number, which has lost its first zero',
    defence: 'read-code',
    remains: 'Digits of other scripts are refused with 400',
  },
  async () => {
    await using app = await startTestApp();
    const { phone } = await app.enrol();
    const ticket = await app.getTicket();
    const malformed = { status: 400, body: { code: 'malformed_code' } };
    const right = phone();
    for (const code of [
      '',
      right.slice(1),
      `${right}0`,
      `0${right}`,
      `x${right}`,
      `${right}.0`,
      '१२३४५६',
      '1e5',
      '\u0660'.repeat(7),
    ])
      expect(await app.finish(ticket, code)).toMatchObject(malformed);
    for (const code of ['\0'.repeat(6), '\ud800'])
      expect((await app.finish(ticket, code)).status).toBe(400);
    for (const code of [123456, null, [right], '0'.repeat(65)])
      expect(await app.finish(ticket, code)).toMatchObject({
        status: 400,
        body: { code: 'invalid_request' },
      });
    expect(await failures(app)).toBe(0);

    const spaced = ` ${right.slice(0, 3)}\u00a0${right.slice(3)}\u200f`;
    expect((await app.finish(ticket, spaced)).status).toBe(201);
    await app.wait(30);
    const arabic = phone().replace(/\d/g, (digit) =>
      String.fromCharCode(0x660 + Number(digit)),
    );
    expect((await app.finish(ticket, arabic)).status).toBe(201);
  },
);

failure(
  'The key has leaked, or is missing in the settings',
  {
    symptom:
      'None while the old key is in the list: `rotateKeys` encrypts all again. Without it, 500 and not 401, and the log has `unreadable_secret`',
    defence: 'rotate-keys',
    remains:
      'If the table leaked too, the secrets are known: delete the factors, and users set new ones',
  },
  async () => {
    await using app = await startTestApp();
    const ada = await app.enrol(ADA);
    const bob = await app.enrol(BOB);
    const [old] = app.keys;
    const [next] = createKeys();

    const none = await app.start({ keys: [next] });
    const ticket = await none.getTicket();
    expect(await none.finish(ticket, ada.phone())).toMatchObject(
      broken,
    );
    expect(app.log.entries).toMatchObject([
      {
        details: {
          error: {
            code: 'unreadable_secret',
            message:
              'a stored secret cannot be decrypted: its key is not in the list',
          },
        },
      },
    ]);

    const both = await app.start({ keys: [next, old] });
    const { box } = both;
    expect(await rotateKeys({ ...app, box, batch: 1 })).toBe(2);
    expect(await rotateKeys({ ...app, box })).toBe(0);
    // Nothing that failed here counted as a guess.
    const { rows } = await app.pool.query(
      'select failures from totp_factors',
    );
    expect(rows).toEqual([{ failures: 0 }, { failures: 0 }]);
    const counts = await app.pool.query(
      'select failures from totp_networks',
    );
    expect(counts.rows).toEqual([{ failures: 0 }]);
    const adas = await none.finish(ticket, ada.phone());
    expect(adas.status).toBe(201);
    const bobs = await none.finish(
      await none.getTicket(BOB),
      bob.phone(),
    );
    expect(bobs.status).toBe(201);
    // An instance that is not deployed yet has the new key second.
    const notYet = await app.start({ keys: [old, next] });
    const answer = await notYet.finish(
      await notYet.getTicket(),
      ada.phone(1),
    );
    expect(answer.status).toBe(201);
  },
);

describe('a rotation of the keys', () => {
  it('goes on after a secret that cannot be decrypted, and changes no other row', async () => {
    await using app = await startTestApp();
    const [old] = app.keys;
    const users = ['a', 'b', 'c', 'd', 'e'].map((name) => {
      return app.enrol(`${name}@example.com`);
    });
    const ids = (await Promise.all(users))
      .map(({ userId }) => userId)
      .toSorted();
    await app.logIn(ADA);
    const foreign = createSecretBox(createKeys()).seal(
      createTotpSecret(),
      `${ids[1]}`,
    );
    await app.pool.query(
      'update totp_factors set secret = $1 where user_id = $2',
      [foreign, ids[1]],
    );
    await app.pool.query(
      'update totp_factors set secret = null where user_id = $1',
      [ids[2]],
    );
    const [next] = createKeys();
    const box = createSecretBox([next, old]);

    const query = vi.spyOn(app.pool, 'query');
    expect(await rotateKeys({ ...app, box, batch: 2 })).toBe(3);
    const batches = query.mock.calls.filter(([sql]) =>
      `${sql}`.startsWith('select'),
    );
    expect(batches).toHaveLength(3);

    expect(app.log.entries).toEqual([
      {
        level: 'error',
        message: 'secret not rotated',
        details: {
          userId: ids[1],
          error: expect.objectContaining({ code: 'unreadable_secret' }),
        },
      },
    ]);
    const { rows } = await app.pool.query<{
      id: string;
      secret: string;
    }>(
      `select user_id as id, secret from totp_factors order by user_id`,
    );
    expect(rows[1]?.secret).toBe(foreign);
    expect(rows[2]?.secret).toBeNull();
    const fresh = createSecretBox([next]);
    for (const at of [0, 3, 4]) {
      const { id, secret } = rows[at] ?? { id: '', secret: '' };
      expect(fresh.open(secret, id)).toMatch(/^[A-Z2-7]{32}$/);
    }
  });

  it('leaves a secret that has changed in the meantime', async () => {
    await using app = await startTestApp();
    const { userId } = await app.enrol();
    const [next] = createKeys();
    const box = createSecretBox([next, app.keys[0]]);
    const newer = app.box.seal(createTotpSecret(), userId);
    const client = await app.pool.connect();
    await client.query('begin');
    await client.query('update totp_factors set secret = $1', [newer]);
    const rotation = rotateKeys({ ...app, box });
    await untilWaiting(app.pool);
    await client.query('commit');
    client.release();

    expect(await rotation).toBe(0);
    const { rows } = await app.pool.query(
      'select secret from totp_factors',
    );
    expect(rows).toEqual([{ secret: newer }]);
    expect(app.log.entries).toEqual([]);
  });

  it('stops with the error of a database that cannot be reached', async () => {
    await using app = await startTestApp();
    const pool = new Pool({ port: 1, host: '127.0.0.1' });
    await expect(rotateKeys({ ...app, pool })).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    });
  });
});

describe('a code', () => {
  // RFC 6238, Appendix B: SHA-1, eight digits.
  const VECTORS = [
    [59, '94287082'],
    [1_111_111_109, '07081804'],
    [1_111_111_111, '14050471'],
    [1_234_567_890, '89005924'],
    [2_000_000_000, '69279037'],
    [20_000_000_000, '65353130'],
  ] as const;
  const secret = OtpSecret.fromLatin1('12345678901234567890').base32;

  it.each(VECTORS)('of second %d is that of RFC 6238', (now, eight) => {
    const code = eight.slice(2);
    const step = Math.floor(now / 30);
    expect(findStep({ secret, now }, code)).toBe(step);
    expect(findStep({ secret, now: now + 30 }, code)).toBe(step);
    expect(findStep({ secret, now: now - 30 }, code)).toBe(step);
    expect(findStep({ secret, now: now + 60 }, code)).toBeUndefined();
    expect(findStep({ secret, now: now - 60 }, code)).toBeUndefined();
    expect(
      TOTP.generate({
        secret: OtpSecret.fromBase32(secret),
        digits: 8,
        timestamp: now * 1000,
      }),
    ).toBe(eight);
    expect(generateSync({ secret, digits: 8, epoch: now })).toBe(eight);
  });

  it('of a step begins and ends with it', () => {
    const code = HOTP.generate({
      secret: OtpSecret.fromBase32(secret),
      counter: 100,
    });
    expect(findStep({ secret, now: 2970 }, code)).toBe(100);
    expect(findStep({ secret, now: 2969.9 }, code)).toBeUndefined();
    expect(findStep({ secret, now: 3059.9 }, code)).toBe(100);
    expect(findStep({ secret, now: 3060 }, code)).toBeUndefined();
  });

  it.each([
    ['012345', '012345'],
    ['012 345', '012345'],
    ['012-345', '012345'],
    ['\t012\u2009345\n', '012345'],
    ['\u200e012345\u202c\ufeff', '012345'],
    ['٠١٢٣٤٥', '012345'],
    ['٦٧٨٩٠١', '678901'],
    ['۰۱۲۳۴۵', '012345'],
    ['۶۷۸۹۰۱', '678901'],
    ['０１２３４５', '012345'],
    [`012345${' '.repeat(58)}`, '012345'],
    [`012345${' '.repeat(59)}`, undefined],
    ['12345', undefined],
    ['0123456', undefined],
    ['x012345', undefined],
    ['012345x', undefined],
    ['0x1234', undefined],
    ['', undefined],
  ])('is read from %j as %j', (text, code) => {
    expect(readCode(text)).toBe(code);
  });
});

describe('a secret', () => {
  it('has 160 random bits', () => {
    const secrets = Array.from({ length: 5 }, createTotpSecret);
    for (const secret of secrets)
      expect(secret).toMatch(/^[A-Z2-7]{32}$/);
    const bytes = secrets.map(
      (secret) => OtpSecret.fromBase32(secret).bytes,
    );
    for (let at = 0; at < 20; at++)
      expect(new Set(bytes.map((one) => one[at])).size).toBeGreaterThan(
        1,
      );
  });

  it.each([
    ['Corner Shop', 'ada@example.com', 'ada@example.com'],
    ['A&B=C?D#E', 'a+b&issuer=Bank@x.y', 'a+b&issuer=Bank@x.y'],
    ['100% Süß/シ', 'ada lovelace/é', 'ada lovelace/é'],
    ['Shop', 'Bank:ada', 'Bank ada'],
    ['Shop', 'a\ud800b', 'a\ufffdb'],
  ])(
    'of %j is a URI that says so to the app of %j',
    (issuer, account, label) => {
      const secret = createTotpSecret();
      const uri = describeSecret(secret, { issuer, account });
      const otp = URI.parse(uri);
      expect([otp.issuer, otp.label, otp.secret.base32]).toEqual([
        issuer,
        label,
        secret,
      ]);
      const { protocol, host, pathname, searchParams } = new URL(uri);
      expect([protocol, host]).toEqual(['otpauth:', 'totp']);
      expect(decodeURIComponent(pathname)).toBe(`/${issuer}:${label}`);
      expect(Object.fromEntries(searchParams)).toEqual({
        issuer,
        secret,
        algorithm: 'SHA1',
        digits: '6',
        period: '30',
      });
      expect(uri).not.toContain('+');
    },
  );

  it.each(['', 'Bank:Shop', 'a\ud800'])(
    'has no issuer %j',
    (issuer) => {
      const box = createSecretBox(createKeys());
      const proofs = createProofs();
      const pool = new Pool();
      expect(() =>
        createEnrolment({ pool, box, proofs, issuer }),
      ).toThrow('issuer is empty, or has a colon');
    },
  );

  it('is shown once, to its user, with the name of the shop', async () => {
    await using app = await startTestApp();
    const { uri, secret } = await app.enrol();
    const { issuer, label } = URI.parse(uri);
    expect([issuer, label]).toEqual(['Corner Shop', ADA]);
    expect(uri).toContain(secret);
  });
});

describe('a sealed text', () => {
  const keys = createKeys();
  const box = createSecretBox(keys);

  it('opens for its owner, is never the same twice, and names its key', () => {
    const sealed = [box.seal('text', 'ada'), box.seal('text', 'ada')];
    expect(new Set(sealed).size).toBe(2);
    expect(new Set(sealed.map((one) => one.slice(9, 25))).size).toBe(2);
    for (const one of sealed) {
      expect(one.startsWith(`${box.keyId}.`)).toBe(true);
      expect(box.open(one, 'ada')).toBe('text');
      // A nonce of 12 bytes, a tag of 16.
      expect(Buffer.from(one.slice(9), 'base64url')).toHaveLength(32);
    }
    expect(box.keyId).toMatch(/^[\w-]{8}$/);
    const again = createSecretBox([new Secret(keys[0].reveal())]);
    expect(again.keyId).toBe(box.keyId);
    expect(again.open(`${sealed[0]}`, 'ada')).toBe('text');
    expect(createSecretBox(createKeys()).keyId).not.toBe(box.keyId);
  });

  it('is AES-256-GCM with a key of HKDF, for other programs', async () => {
    const [id, text = ''] = box.seal('text', 'ada').split('.');
    const bytes = Buffer.from(text, 'base64url');
    const secret = await crypto.subtle.importKey(
      'raw',
      Buffer.from(keys[0].reveal()),
      'HKDF',
      false,
      ['deriveKey', 'deriveBits'],
    );
    const derivation = (info: string) => ({
      name: 'HKDF',
      hash: 'SHA-256',
      salt: new Uint8Array(),
      info: Buffer.from(info),
    });
    const key = await crypto.subtle.deriveKey(
      derivation('aes-256-gcm'),
      secret,
      { name: 'AES-GCM', length: 256 },
      false,
      ['decrypt'],
    );
    const opened = await crypto.subtle.decrypt(
      {
        name: 'AES-GCM',
        iv: bytes.subarray(0, 12),
        additionalData: Buffer.from('ada'),
      },
      key,
      bytes.subarray(12),
    );
    expect(Buffer.from(opened).toString()).toBe('text');
    const name = await crypto.subtle.deriveBits(
      derivation('keyid'),
      secret,
      48,
    );
    expect(Buffer.from(name).toString('base64url')).toBe(id);
  });

  it('opens for no other owner, and not when a byte differs', () => {
    const sealed = box.seal('text', 'ada');
    const reason =
      'a stored secret cannot be decrypted: it is broken, or of another owner';
    for (const owner of ['', 'bob', 'ada ', 'Ada'])
      expect(() => box.open(sealed, owner)).toThrow(reason);
    const bytes = Buffer.from(sealed.slice(9), 'base64url');
    for (let at = 0; at < bytes.length; at++) {
      const other = Buffer.from(bytes);
      other.writeUInt8(other.readUInt8(at) ^ 128, at);
      const text = `${box.keyId}.${other.toString('base64url')}`;
      expect(() => box.open(text, 'ada')).toThrow(reason);
    }
    for (const length of [0, 1, 12, 15, 28, bytes.length - 1]) {
      const cut = bytes.subarray(0, length).toString('base64url');
      expect(() => box.open(`${box.keyId}.${cut}`, 'ada')).toThrow(
        reason,
      );
    }
    expect(() => box.open(box.keyId, 'ada')).toThrow(reason);
    for (const text of [
      '',
      '.',
      'AAAAAAAA.AAAA',
      sealed.slice(1),
      ` ${sealed}`,
    ])
      expect(() => box.open(text, 'ada')).toThrow(
        'its key is not in the list',
      );
  });

  it('opens with each key of the list, and is sealed with the first', () => {
    const [old] = keys;
    const [next] = createKeys();
    const [third] = createKeys();
    const both = createSecretBox([next, third, old]);
    expect(both.open(box.seal('text', 'ada'), 'ada')).toBe('text');
    const sealed = both.seal('text', 'ada');
    expect(createSecretBox([next]).open(sealed, 'ada')).toBe('text');
    expect(() => box.open(sealed, 'ada')).toThrow('not in the list');
  });
});

describe('the keys', () => {
  it('are refused when they are missing, short or easy to guess', async () => {
    const good = createSecrets().TOTP_KEYS;
    const faults: [string | undefined, string][] = [
      [undefined, 'is not set'],
      ['', 'is too short'],
      [good.slice(1), 'is too short'],
      ['a'.repeat(43), 'is easy to guess'],
      [`${good},`, 'is too short'],
    ];
    for (const [text, sentence] of faults) {
      const { error } = keysText.safeParse(text);
      expect(error?.message).toContain(sentence);
      expect(error?.message).not.toContain(good.slice(1));
    }
    const other = createSecrets().TOTP_KEYS;
    const keys = keysText.parse(`${good},${other}`);
    expect(keys.map((key) => key.reveal())).toEqual([good, other]);
    // Also those that did not come from the settings.
    for (const weak of ['', 'x'.repeat(64)]) {
      const [first] = keys;
      expect(() => createSecretBox([new Secret(weak)])).toThrow();
      expect(() =>
        createSecretBox([first, new Secret(weak)]),
      ).toThrow();
    }

    const { code, errors } = await runProgram(
      new URL('main.ts', import.meta.url),
      { TOTP_KEYS: 'tiger', PORT: '0' },
    );
    expect(code).toBe(1);
    expect(errors).toContain('TOTP_KEYS');
    expect(errors).toContain('is too short');
    expect(errors).not.toContain('tiger');
  });
});

describe('recovery codes', () => {
  it('are ten, of 120 random bits each', () => {
    const codes = createRecoveryCodes();
    expect(new Set(codes).size).toBe(10);
    for (const code of codes)
      expect(code).toMatch(/^[A-Z2-7]{4}(-[A-Z2-7]{4}){5}$/);
    const bytes = codes.map((code) => {
      return OtpSecret.fromBase32(code.replaceAll('-', '')).bytes;
    });
    for (let at = 0; at < 15; at++)
      expect(new Set(bytes.map((one) => one[at])).size).toBeGreaterThan(
        1,
      );
  });

  it('are stored as SHA-256', async () => {
    const code = 'ABCDEFGHIJKLMNOPQRSTUVWX';
    const digest = await crypto.subtle.digest(
      'SHA-256',
      Buffer.from(code),
    );
    expect(hashRecoveryCode(code)).toEqual(Buffer.from(digest));
  });

  it.each([
    'ABCD-EFGH-IJKL-MNOP-QRST-UVWX',
    'abcd efgh ijkl mnop qrst uvwx',
    ' ABCDEFGHIJKLMNOPQRSTUVWX\u200b\n',
    `ABCDEFGHIJKLMNOPQRSTUVWX${' '.repeat(40)}`,
  ])('are read from %j', (text) => {
    expect(hashRecoveryCode(text)).toEqual(
      hashRecoveryCode('ABCDEFGHIJKLMNOPQRSTUVWX'),
    );
  });

  it.each([
    '',
    'ABCDEFGHIJKLMNOPQRSTUVW',
    'ABCDEFGHIJKLMNOPQRSTUVWXY',
    'ABCDEFGHIJKLMNOPQRSTUVW1',
    'xABCDEFGHIJKLMNOPQRSTUVW!',
    '!ABCDEFGHIJKLMNOPQRSTUVWX',
    `ABCDEFGHIJKLMNOPQRSTUVWX${' '.repeat(41)}`,
  ])('are not %j', (text) => {
    expect(hashRecoveryCode(text)).toBeUndefined();
  });

  it('are of their user alone, and prove who a user is', async () => {
    await using app = await startTestApp();
    const ada = await app.enrol(ADA);
    const bob = await app.enrol(BOB);
    const [code] = ada.recoveryCodes;
    const ticket = await app.getTicket(BOB);
    expect(await app.finish(ticket, code)).toMatchObject(wrong);
    const counts = await app.pool.query(
      'select failures from totp_networks',
    );
    expect(counts.rows).toEqual([{ failures: 1 }]);
    await app.wait(301);
    expect(await app.pay(ada.token)).toMatchObject(tooOld);
    const token = readCookie(await app.prove(ada.token, { code }));
    expect((await app.pay(token)).status).toBe(204);
    expect(await app.prove(token, { code })).toMatchObject(wrong);
    const { rows } = await app.pool.query(
      `select cardinality(recovery_hashes) as left
       from totp_factors
       where user_id = $1`,
      [bob.userId],
    );
    expect(rows).toEqual([{ left: 10 }]);
  });

  it('lift the pause of their user, and not that of another', async () => {
    await using app = await startTestApp();
    const ada = await app.enrol(ADA);
    const bob = await app.enrol(BOB);
    const [mine, theirs] = [
      await app.getTicket(ADA),
      await app.getTicket(BOB),
    ];
    await app.finish(mine, ada.wrong);
    await app.finish(theirs, bob.wrong);

    await app.wait(0.5);
    const refused = await app.finish(theirs, bob.phone());
    expect(refused.headers.get('retry-after')).toBe('2');
    await app.finish(mine, ada.recoveryCodes[0]);
    const { rows } = await app.pool.query(
      'select failures from totp_factors where user_id = $1',
      [ada.userId],
    );
    expect(rows).toEqual([{ failures: 0 }]);

    expect((await app.finish(mine, ada.phone())).status).toBe(201);
    expect(await app.finish(theirs, bob.phone())).toMatchObject(
      tooMany,
    );
  });

  it('are replaced for their user alone, who must have a second factor', async () => {
    await using app = await startTestApp();
    const ada = await app.enrol(ADA);
    const bob = await app.enrol(BOB);
    const cat = await app.logIn('cat@example.com');
    const none = { status: 404, body: { code: 'no_second_factor' } };
    expect(await app.replaceCodes(cat)).toMatchObject(none);
    await app.begin(cat);
    expect(await app.replaceCodes(cat)).toMatchObject(none);

    expect((await app.replaceCodes(ada.token)).status).toBe(200);

    const ticket = await app.getTicket(BOB);
    const [code] = bob.recoveryCodes;
    expect((await app.finish(ticket, code)).status).toBe(201);
  });
});

describe('a second factor', () => {
  it('ends the other sessions of its user when it is confirmed', async () => {
    await using app = await startTestApp();
    const bob = await app.logIn(BOB);
    const elsewhere = await app.logIn();
    const { token, old } = await app.enrol();

    expect((await app.me(elsewhere)).status).toBe(401);
    expect((await app.me(old)).status).toBe(401);
    expect((await app.me(token)).status).toBe(200);
    expect((await app.me(bob)).status).toBe(200);
  });

  it('is confirmed once, and the code of it is used then', async () => {
    await using app = await startTestApp();
    const token = await app.logIn();
    const { secret } = (await app.begin(token)).body;
    const phone = createPhone(`${secret}`, app.now);
    const code = phone();
    const { unlock } = await lockTable(
      app.pool,
      'totp_factors',
      'share',
    );
    const attempts = [
      app.confirm(token, code),
      app.confirm(token, code),
    ];
    await untilWaiting(app.pool, 2);
    await unlock();

    const answers = await Promise.all(attempts);
    const statuses = answers.map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([200, 401]);
    const ticket = await app.getTicket();
    expect(await app.finish(ticket, code)).toMatchObject(wrong);
    await app.wait(2);
    const set = answers.find(({ status }) => status === 200);
    expect(set?.headers.get('cache-control')).toBe('no-store');
    const recovery = set?.body.recoveryCodes[3];
    expect((await app.finish(ticket, recovery)).status).toBe(201);
    expect((await app.finish(ticket, phone(1))).status).toBe(201);
  });

  it('begins with no failures, also after those of the old one', async () => {
    await using app = await startTestApp();
    const { token, wrong: guess } = await app.enrol();
    const ticket = await app.getTicket();
    await app.finish(ticket, guess);
    const { secret } = (await app.begin(token)).body;
    const phone = createPhone(`${secret}`, app.now);
    expect(await app.confirm(token, '1')).toMatchObject({
      status: 400,
      body: { code: 'malformed_code' },
    });
    const { body } = await app.confirm(token, phone());
    expect(body.recoveryCodes).toHaveLength(10);
    expect(await failures(app)).toBe(0);
    expect((await app.finish(ticket, phone(1))).status).toBe(201);
  });

  it('may be confirmed for ten minutes', async () => {
    await using app = await startTestApp();
    const { userId } = await app.enrol();
    const { enrolment, proofs } = app;
    const owner = () => ({ userId, data: proofs.stamp() });
    const { secret } = await enrolment.begin(owner(), ADA);
    const phone = createPhone(secret, app.now);
    await app.wait(599);
    expect(await enrolment.confirm(owner(), phone())).toHaveLength(10);
  });

  it('is set and removed for one user alone', async () => {
    await using app = await startTestApp();
    const ada = await app.enrol(ADA);
    const bob = await app.enrol(BOB);
    expect(
      (await app.finish(await app.getTicket(), ada.phone())).status,
    ).toBe(201);
    expect((await app.remove(ada.token)).status).toBe(204);
    expect((await app.enterPassword(ADA)).status).toBe(201);
    const ticket = await app.getTicket(BOB);
    expect(await app.finish(ticket, ada.phone(1))).toMatchObject(wrong);
    await app.wait(2);
    expect((await app.finish(ticket, bob.phone())).status).toBe(201);
    const { enrolment } = app;
    const data = { provedAt: app.now().toISOString() };
    expect(await enrolment.remove({ userId: ada.userId, data })).toBe(
      false,
    );
    expect(await enrolment.remove({ userId: bob.userId, data })).toBe(
      true,
    );
  });

  it('that is gone refuses the ticket that was given before', async () => {
    await using app = await startTestApp();
    const { token, phone, recoveryCodes } = await app.enrol();
    const ticket = await app.getTicket();
    await app.remove(token);
    expect(await app.finish(ticket, phone())).toMatchObject(wrong);
    expect(await app.finish(ticket, recoveryCodes[0])).toMatchObject(
      wrong,
    );
  });

  it('is confirmed with the secret of its user', async () => {
    await using app = await startTestApp();
    const names = [ADA, BOB, 'cat@example.com'];
    const begun = await Promise.all(
      names.map(async (name) => {
        const token = await app.logIn(name);
        const { secret } = (await app.begin(token)).body;
        return { token, phone: createPhone(`${secret}`, app.now) };
      }),
    );
    for (const { token, phone } of begun)
      expect((await app.confirm(token, phone())).status).toBe(200);
  });

  it('has begun when its secret is shown', async () => {
    await using app = await startTestApp();
    const token = await app.logIn();
    const { unlock } = await lockTable(
      app.pool,
      'totp_factors',
      'share',
    );
    let isShown = false;
    const begun = app.begin(token).finally(() => {
      isShown = true;
    });
    await untilWaiting(app.pool);
    await nextTurn();
    expect(isShown).toBe(false);
    await unlock();
    expect((await begun).status).toBe(200);
  });

  it('that is removed while a code is checked refuses it', async () => {
    await using app = await startTestApp();
    const { phone } = await app.enrol();
    const ticket = await app.getTicket();
    const client = await app.pool.connect();
    await client.query('begin; delete from totp_factors');
    const login = app.finish(ticket, phone());
    await untilWaiting(app.pool);
    await client.query('commit');
    client.release();

    const answer = await login;
    expect(answer).toMatchObject(tooMany);
    expect(answer.headers.get('retry-after')).toBe('1');
  });

  it('whose row changes while a code is checked is tried again', async () => {
    await using app = await startTestApp();
    const { phone, userId } = await app.enrol();
    const ticket = await app.getTicket();
    const client = await app.pool.connect();
    await client.query('begin');
    await client.query('update totp_factors set secret = $1', [
      app.box.seal(createTotpSecret(), userId),
    ]);
    const login = app.finish(ticket, phone());
    await untilWaiting(app.pool);
    await client.query('commit');
    client.release();

    const answer = await login;
    expect(answer).toMatchObject(tooMany);
    expect(answer.headers.get('retry-after')).toBe('1');
  });
});

describe('a login', () => {
  it('takes the time of the machine, unless it is told', async () => {
    await using app = await startTestApp();
    const { userId, phone } = await app.enrol();
    const { logins } = createServices(omitClock(app));
    const device = 'Firefox';
    const { ticket } = await logins.begin({ userId, device });
    const answer = { code: phone(), address: '127.0.0.1', device };
    const token = await logins.finish(`${ticket}`, answer);
    expect(await app.sessions.read(`${token}`)).toMatchObject({
      userId,
      device,
    });
    expect((await app.pay(`${token}`)).status).toBe(204);

    function omitClock({ pool, keys, log }: App) {
      return { pool, keys, log };
    }
  });

  it('needs the password first', async () => {
    await using app = await startTestApp();
    const body = { email: ADA, password: 'x' };
    expect(await app.send('POST', '/sessions', { body })).toMatchObject(
      wrong,
    );
  });

  it('names the device, also without a second factor', async () => {
    await using app = await startTestApp();
    const { userId } = await app.enrol();
    await app.pool.query('delete from totp_factors');
    const { token } = await app.logins.begin({
      userId,
      device: 'Safari',
    });
    expect(await app.sessions.read(`${token}`)).toMatchObject({
      userId,
      device: 'Safari',
    });
  });

  it('is answered when its network is given back', async () => {
    await using app = await startTestApp();
    const { userId, phone } = await app.enrol();
    const gate = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<string>();
    const { prove } = createSecondFactors({
      ...app,
      networks: {
        ...app.networks,
        refund: (address) => {
          asked.resolve(address);
          return gate.promise;
        },
      },
    });
    let isAnswered = false;
    const proof = prove({
      userId,
      code: phone(),
      address: '192.0.2.9',
    });
    const answer = proof.finally(() => {
      isAnswered = true;
    });
    expect(await asked.promise).toBe('192.0.2.9');
    await nextTurn();
    expect(isAnswered).toBe(false);
    gate.resolve();
    expect(await answer).toBe(true);
  });
});

describe('a proof', () => {
  const at = (seconds: number) => new Date(seconds * 1000);
  const proved = (seconds: number) => ({
    data: { provedAt: at(seconds).toISOString() },
  });

  it('lasts for five minutes, unless it is told', () => {
    const { requireFresh, stamp } = createProofs({
      clock: () => at(1000),
    });
    expect(stamp()).toEqual({ provedAt: at(1000).toISOString() });
    for (const seconds of [1000, 700, 1300])
      requireFresh(proved(seconds));
    // A clock that was far ahead must not make it last.
    for (const seconds of [699.999, 1300.001])
      expect(() => requireFresh(proved(seconds))).toThrow(
        'Prove again who you are',
      );
    for (const data of [{}, { provedAt: '' }, { provedAt: 'now' }])
      expect(() => requireFresh({ data })).toThrow(
        expect.objectContaining({
          name: 'SecondFactorError',
          code: 'proof_too_old',
        }),
      );
    const short = createProofs({
      clock: () => at(1000),
      maxAgeSeconds: 1,
    });
    short.requireFresh(proved(999));
    expect(() => short.requireFresh(proved(998.9))).toThrow();
  });

  it('is of the time of the machine, unless it is told', () => {
    const { requireFresh, stamp } = createProofs();
    requireFresh({ data: stamp() });
    expect(Date.parse(stamp().provedAt) - Date.now()).toBeLessThan(
      60_000,
    );
    expect(() => requireFresh(proved(0))).toThrow();
  });

  it.each([0, -1, 3601, Number.NaN])(
    'cannot last for %d seconds',
    (maxAgeSeconds) => {
      expect(() => createProofs({ maxAgeSeconds })).toThrow(
        'maxAgeSeconds is not between 1 and 3600',
      );
      for (const good of [1, 3600])
        createProofs({ maxAgeSeconds: good });
    },
  );

  it('of a user without a second factor is the password', async () => {
    await using app = await startTestApp();
    const token = await app.logIn();
    await app.wait(301);
    expect(await app.pay(token)).toMatchObject(tooOld);
    expect(await app.prove(token, { password: 'x' })).toMatchObject(
      wrong,
    );
    expect(await app.prove(token, { code: '123456' })).toMatchObject(
      wrong,
    );
    const next = readCookie(
      await app.prove(token, { password: 'correct horse battery' }),
    );
    expect((await app.pay(next)).status).toBe(204);
    expect((await app.me(token)).status).toBe(401);
  });

  it('for a session that has ended brings none back', async () => {
    await using app = await startTestApp();
    const { token, phone, userId } = await app.enrol();
    await app.sessions.logoutEverywhere(userId);
    const answer = { code: phone(), address: '127.0.0.1' };
    expect(
      await app.logins.proveAgain(token, { userId }, answer),
    ).toBeUndefined();
  });
});

describe('the limit of a network', () => {
  it('counts wrong codes on all accounts, and right ones not', async () => {
    await using app = await startTestApp({ failures: 3 });
    const ada = await app.enrol(ADA);
    const bob = await app.enrol(BOB);
    const ticket = await app.getTicket();
    for (const steps of [0, 1]) {
      const answer = await app.finish(ticket, ada.phone(steps));
      expect(answer.status).toBe(201);
    }
    const [code] = ada.recoveryCodes;
    expect((await app.finish(ticket, code)).status).toBe(201);
    expect(await count(app)).toEqual([
      { network: '127.0.0.1/32', failures: 0 },
    ]);

    const names = ['c', 'd', 'e'].map((name) => `${name}@example.com`);
    for (const name of names) {
      const { wrong: guess } = await app.enrol(name);
      const guessing = await app.getTicket(name);
      expect(await app.finish(guessing, guess)).toMatchObject(wrong);
      // It was not judged: it does not count.
      expect(await app.finish(guessing, guess)).toMatchObject(tooMany);
    }
    const refused = await app.other.finish(ticket, ada.phone(1));
    expect(refused).toMatchObject(tooMany);
    expect(refused.headers.get('retry-after')).toBe('3600');
    const theirs = await app.getTicket(BOB);
    expect(await app.finish(theirs, bob.phone())).toMatchObject(
      tooMany,
    );
    await app.wait(3600);
    const later = await app.getTicket(BOB);
    expect((await app.finish(later, bob.phone())).status).toBe(201);
  });

  it('holds for as many at once', async () => {
    await using app = await startTestApp();
    const limit = createNetworkLimit({ pool: app.pool, failures: 5 });
    const spends = Array.from({ length: 20 }, () =>
      limit.spend('192.0.2.1').then(
        () => 'spent',
        ({ code, status, retryAfterSeconds }) =>
          `${code} ${status} ${retryAfterSeconds}`,
      ),
    );
    const results = await Promise.all(spends);
    expect(results.filter((one) => one === 'spent')).toHaveLength(5);
    expect(
      results.filter((one) => one === 'too_many_codes 429 3600'),
    ).toHaveLength(15);
    await limit.spend('192.0.2.2');
    await limit.refund('192.0.2.1');
    await limit.spend('192.0.2.1');
    await expect(limit.spend('192.0.2.1')).rejects.toThrow('Wait');
  });

  it('is of 50 in an hour, unless it is told, and begins again', async () => {
    await using app = await startTestApp();
    const { networks } = app;
    for (let times = 0; times < 50; times++)
      await networks.spend('::1');
    await expect(networks.spend('::1')).rejects.toThrow('Wait');
    await app.wait(3599);
    await expect(networks.spend('::1')).rejects.toThrow('Wait');
    await app.wait(1);
    await networks.spend('::1');
    expect(await networks.deleteExpired()).toBe(0);
    expect(await count(app)).toEqual([
      { network: '::/64', failures: 1 },
    ]);
    await networks.refund('::1');
    await networks.refund('::1');
    expect(await count(app)).toEqual([
      { network: '::/64', failures: 0 },
    ]);
    // A window is not made longer by what comes in it.
    await app.wait(3599);
    await networks.spend('::1');
    await app.wait(1);
    expect(await networks.deleteExpired()).toBe(1);
  });

  it('is one of an IPv4 address, however it is written, and one of an IPv6 subscriber', async () => {
    await using app = await startTestApp();
    const { networks } = app;
    for (const address of [
      '192.0.2.1',
      '::ffff:192.0.2.1',
      '::FFFF:192.0.2.2',
      '2001:db8:0:1::1',
      '2001:db8:0:1:ffff:ffff:ffff:ffff',
      '2001:db8:0:2::1',
      'fe80::1%eth0',
      '1::ffff:2.0.2.1',
      '::ffff:1',
      '64:ff9b::192.0.2.1',
    ])
      await networks.spend(address);
    expect(await count(app)).toEqual([
      { network: '192.0.2.1/32', failures: 2 },
      { network: '192.0.2.2/32', failures: 1 },
      { network: '1::/64', failures: 1 },
      { network: '2001:db8:0:1::/64', failures: 2 },
      { network: '2001:db8:0:2::/64', failures: 1 },
      { network: '64:ff9b::/64', failures: 1 },
      { network: '::/64', failures: 1 },
      { network: 'fe80::/64', failures: 1 },
    ]);
    await networks.refund('::ffff:192.0.2.1');
    await networks.refund('2001:db8:0:1::2');
    const rows = await count(app);
    expect(rows.map(({ failures }) => failures)).toEqual([
      1, 1, 1, 1, 1, 1, 1, 1,
    ]);
    await expect(networks.spend('unknown')).rejects.toThrow();
  });

  it('is forgotten when it is over, in batches', async () => {
    await using app = await startTestApp();
    const { networks } = app;
    for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.3'])
      await networks.spend(address);
    expect(await networks.deleteExpired()).toBe(0);
    await app.wait(3600);
    await networks.spend('192.0.2.4');
    const client = await app.pool.connect();
    await client.query(
      `begin; select from totp_networks where network = '192.0.2.1' for update`,
    );
    expect(await networks.deleteExpired(1)).toBe(1);
    expect(await networks.deleteExpired(9)).toBe(1);
    expect(await networks.deleteExpired()).toBe(0);
    await client.query('commit');
    client.release();
    expect(await networks.deleteExpired()).toBe(1);
    expect(await count(app)).toEqual([
      { network: '192.0.2.4/32', failures: 1 },
    ]);
  });

  it('is given back when Postgres has done it', async () => {
    await using app = await startTestApp();
    await app.networks.spend('192.0.2.1');
    const { unlock } = await lockTable(
      app.pool,
      'totp_networks',
      'share',
    );
    let isDone = false;
    const refund = app.networks.refund('192.0.2.1').finally(() => {
      isDone = true;
    });
    await untilWaiting(app.pool);
    await nextTurn();
    expect(isDone).toBe(false);
    await unlock();
    await refund;
  });

  it('is deleted a thousand at once, by its index', async () => {
    await using app = await startTestApp();
    await app.pool.query(
      `insert into totp_networks
       select '10.0.0.0'::inet + n, 1, now() - interval '1 day'
       from generate_series(1, 1001) as n`,
    );
    const { rows } = await app.pool.query<{ 'QUERY PLAN': string }>(
      `explain select
       from totp_networks
       where ends_at <= now() - interval '30 days'`,
    );
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(plan).toContain('totp_networks_by_end');
    expect(await app.networks.deleteExpired()).toBe(1000);
    expect(await app.networks.deleteExpired()).toBe(1);
  });

  it('must be at least one, for at least a second', async () => {
    const pool = new Pool();
    for (const failures of [0, Number.NaN])
      expect(() => createNetworkLimit({ pool, failures })).toThrow(
        'failures is less than 1',
      );
    for (const windowSeconds of [0, Number.NaN])
      expect(() => createNetworkLimit({ pool, windowSeconds })).toThrow(
        'windowSeconds is less than 1',
      );
    createNetworkLimit({ pool, failures: 1, windowSeconds: 1 });
  });

  async function count(app: App) {
    const { rows } = await app.pool.query<{
      network: string;
      failures: number;
    }>(
      `select network::text, failures
       from totp_networks
       order by network::text collate "C"`,
    );
    return rows;
  }
});

describe('the table', () => {
  it.each(['JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', '', 'A'.repeat(89)])(
    'does not take %j for a sealed secret',
    async (text) => {
      await using app = await startTestApp();
      await app.enrol();
      for (const change of [
        'secret = $1',
        'pending = $1, pending_until = now()',
      ])
        await expect(
          app.pool.query(`update totp_factors set ${change}`, [text]),
        ).rejects.toThrow('violates check constraint');
    },
  );

  it('does not take a pending secret without an end', async () => {
    await using app = await startTestApp();
    await app.enrol();
    for (const change of ['pending = secret', 'pending_until = now()'])
      await expect(
        app.pool.query(`update totp_factors set ${change}`),
      ).rejects.toThrow('violates check constraint');
  });

  it.each(['last_step', 'failures', 'free_at', 'recovery_hashes'])(
    'does not take a row without %s',
    async (column) => {
      await using app = await startTestApp();
      await app.enrol();
      await expect(
        app.pool.query(`update totp_factors set ${column} = null`),
      ).rejects.toThrow('not-null');
    },
  );

  it.each(['failures', 'ends_at'])(
    'does not take a network without %s',
    async (column) => {
      await using app = await startTestApp();
      await app.networks.spend('192.0.2.1');
      await expect(
        app.pool.query(`update totp_networks set ${column} = null`),
      ).rejects.toThrow('not-null');
    },
  );

  it('forgets a user who is deleted', async () => {
    await using app = await startTestApp();
    await app.enrol();
    await app.pool.query('delete from users');
    const { rows } = await app.pool.query('select from totp_factors');
    expect(rows).toEqual([]);
  });
});

it.each([
  [
    'malformed_code',
    400,
    'Send six digits as text, or a recovery code',
  ],
  ['login_over', 401, 'Log in again'],
  ['proof_too_old', 403, 'Prove again who you are'],
  ['too_many_codes', 429, 'Wait'],
  ['only_recovery_codes', 429, 'Use a recovery code'],
] as const)(
  'the error %s has the status %d, and says what to do',
  (code, status, message) => {
    const error = new SecondFactorError(code);
    expect({ ...error, message: error.message }).toEqual({
      name: 'SecondFactorError',
      code,
      status,
      expose: true,
      retryAfterSeconds: undefined,
      message,
    });
  },
);

it('changes nothing for a page of another site', async () => {
  await using app = await startTestApp();
  const send = createClient(app.url, {
    origin: 'https://evil.example',
  });
  expect(await send('POST', '/sessions/second-factor')).toMatchObject({
    status: 403,
    body: { code: 'cross_site_request' },
  });
});
