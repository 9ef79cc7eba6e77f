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
import { createPostgresSessions } from '../session-management/postgres-sessions.ts';
import { createEnrolment } from './enrolment.ts';
import { createLogins } from './logins.ts';
import { createProofs } from './proofs.ts';
import {
  createRecoveryCodes,
  hashRecoveryCode,
} from './recovery-codes.ts';
import { rotateKeys } from './rotate-keys.ts';
import { SecondFactorError } from './second-factor-error.ts';
import { createSecretBox, keysText } from './secret-box.ts';
import { createSecrets } from './secrets.ts';
import { createKeys, startTestApp } from './test-app.ts';
import { ADA, BOB, readCookie } from './test-client.ts';
import {
  createTotpSecret,
  describeSecret,
  findStep,
  readCode,
} from './totp.ts';

type App = Awaited<ReturnType<typeof startTestApp>>;
type User = Awaited<ReturnType<App['enrol']>>;

/** As a server that listens on IPv4 has it. */
const HERE = '127.0.0.1';

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
        details: { userId, address: HERE, reason: 'used' },
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
      'While it goes on, the owner needs a recovery code for each login. A new password ends it when the last ticket is over, after five minutes',
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
    expect(app.log.entries.at(-1)?.details).toMatchObject({
      reason: 'only recovery codes',
    });

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
      'No code can be computed: the secret is encrypted for its user. A copied secret gives that user 500, and the log has `unreadable_secret`; a copied recovery code gives 401',
    defence: 'seal-and-open',
    remains:
      'An attacker who has the key as well can compute codes. One who can write to the table can delete a factor',
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
      `update totp_factors as his
       set secret = hers.secret, recovery_hashes = hers.recovery_hashes
       from totp_factors as hers
       where hers.user_id = $1 and his.user_id = $2`,
      [ada.userId, bob.userId],
    );
    const ticket = await app.getTicket(BOB);
    for (const code of [ada.phone(), bob.phone()])
      expect(await app.finish(ticket, code)).toMatchObject(broken);
    for (const [code] of [ada.recoveryCodes, bob.recoveryCodes])
      expect(await app.finish(ticket, code)).toMatchObject(wrong);

    expect(app.log.entries).toMatchObject([
      { details: { error: { code: 'unreadable_secret' } } },
      { details: { error: { code: 'unreadable_secret' } } },
      { details: { reason: 'wrong recovery code' } },
      { details: { reason: 'wrong recovery code' } },
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
      await app.confirm(token, { ticket: 'x', code: phone() }),
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
      '401: it is a ticket and no session, and it ends after five minutes. A login that goes on while the user sets a factor gets 401 too',
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
      {
        level: 'warn',
        message: 'second factor refused',
        details: {
          userId,
          address: HERE,
          reason: 'wrong recovery code',
        },
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
      'No lockout: a secret counts only after its first code, within ten minutes. Until then, the login needs what it needed before',
    defence: 'confirm',
    remains:
      'A user who loses the phone and all recovery codes needs your support',
  },
  async () => {
    await using app = await startTestApp();
    const token = await app.logIn();
    const { phone, ticket: begun } = await app.scan(token);
    expect((await app.enterPassword()).status).toBe(201);
    const early = { ticket: begun, code: phone(3) };
    expect(await app.confirm(token, early)).toMatchObject(wrong);
    await app.wait(599);
    const fresh = await app.logIn();
    const { rows } = await app.pool.query('select from totp_factors');
    expect(rows).toEqual([]);
    await app.wait(1);
    const late = { ticket: begun, code: phone() };
    expect(await app.confirm(fresh, late)).toMatchObject(wrong);

    // Of two tabs, the first that is confirmed counts.
    const first = await app.scan(fresh);
    const second = await app.scan(fresh);
    const mixed = { ticket: second.ticket, code: first.phone() };
    expect(await app.confirm(fresh, mixed)).toMatchObject(wrong);
    const right = { ticket: second.ticket, code: second.phone() };
    const cookie = readCookie(await app.confirm(fresh, right));
    const other = { ticket: first.ticket, code: first.phone() };
    expect(await app.confirm(cookie, other)).toMatchObject(wrong);
    // Nor does its ticket bring back a step that was used.
    const again = { ticket: second.ticket, code: second.phone() };
    expect(await app.confirm(cookie, again)).toMatchObject(wrong);

    // An old factor stays in use until the new one is confirmed.
    const next = await app.scan(cookie);
    const ticket = await app.getTicket();
    expect(await app.finish(ticket, next.phone())).toMatchObject(wrong);
    await app.wait(2);
    expect((await app.finish(ticket, second.phone(1))).status).toBe(
      201,
    );
    const change = { ticket: next.ticket, code: next.phone(-1) };
    expect((await app.confirm(cookie, change)).status).toBe(200);
    expect(
      (await app.finish(await app.getTicket(), next.phone())).status,
    ).toBe(201);
  },
);

failure(
  'The clock of a phone, or of an app server, is wrong',
  {
    symptom:
      'A code of the step before or after works. One that is further away gets 401, and the log says by how many `steps`. The clock of the app server does not count',
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
        address: HERE,
        reason: 'clock',
        steps,
      });
      await app.wait(30);
    }
    expect(await app.finish(ticket, phone(21))).toMatchObject(wrong);
    expect(app.log.entries.at(-1)?.details).toEqual({
      userId,
      address: HERE,
      reason: 'wrong',
    });
    await app.wait(60);

    expect((await app.finish(ticket, phone(-1))).status).toBe(201);
    expect((await app.finish(ticket, phone(0))).status).toBe(201);
    expect((await app.finish(ticket, phone(1))).status).toBe(201);

    // The clock of an app server does not count, but that of Postgres.
    await app.wait(60);
    vi.useFakeTimers({ toFake: ['Date'], now: new Date('2020-01-01') });
    try {
      const again = await app.getTicket();
      const token = readCookie(await app.finish(again, phone()));
      expect((await app.pay(token)).status).toBe(204);
      expect((await app.scan(token)).secret).toHaveLength(32);
    } finally {
      vi.useRealTimers();
    }
  },
);

failure(
  'A user types the code with a space or in Arabic digits, or a page sends a number',
  {
    symptom:
      'It works, or gets 400 and does not count as a guess: seven digits, and a number, which has lost its first zero',
    defence: 'read-code',
    remains:
      'Digits of some other scripts, as Devanagari, are refused with 400',
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
    const networks = await app.pool.query('select from totp_networks');
    expect(networks.rows).toEqual([]);

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
      'No error while the old key is in the list: `rotateKeys` encrypts all again, and counts those it cannot read. Without it, 500 and not 401, and the log has `unreadable_secret`',
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
              'Its key is not in TOTP_KEYS, or it is broken, or of another user',
            name: 'UnreadableSecretError',
          },
        },
      },
    ]);

    const both = await app.start({ keys: [next, old] });
    const { box } = both;
    const begun = await app.scan(await app.logIn('cat@example.com'));
    const all = { rotated: 2, unreadable: 0 };
    const nothing = { rotated: 0, unreadable: 0 };
    expect(await rotateKeys({ ...app, box, batch: 1 })).toEqual(all);
    expect(await rotateKeys({ ...app, box })).toEqual(nothing);
    // A secret that was begun before is encrypted with the new key.
    const cat = await app.logIn('cat@example.com');
    const code = begun.phone(-1);
    await both.confirm(cat, { ticket: begun.ticket, code });
    expect(await rotateKeys({ ...app, box })).toEqual(nothing);
    // Nothing that failed here counted as a guess.
    const { rows } = await app.pool.query(
      'select failures from totp_factors',
    );
    expect(rows.map(({ failures: count }) => count)).toEqual([0, 0, 0]);
    const counts = await app.pool.query('select from totp_networks');
    expect(counts.rows).toEqual([]);
    const cats = await none.getTicket('cat@example.com');
    expect((await none.finish(cats, begun.phone())).status).toBe(201);
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
    // All that a rotation must not change, not as a new row has it.
    await app.pool.query(
      `update totp_factors
       set failures = 7, free_at = now() + interval '1 hour'
       where user_id <> $1`,
      [ids[2]],
    );
    const before = await readRows();
    const [next] = createKeys();
    const box = createSecretBox([next, old]);

    const query = vi.spyOn(app.pool, 'query');
    expect(await rotateKeys({ ...app, box, batch: 2 })).toEqual({
      rotated: 4,
      unreadable: 1,
    });
    const batches = query.mock.calls.filter(([sql]) =>
      `${sql}`.startsWith('select user_id'),
    );
    expect(batches).toHaveLength(4);

    expect(app.log.entries).toEqual([
      {
        level: 'error',
        message: 'secret not rotated',
        details: { userId: ids[1] },
      },
    ]);
    const after = await readRows();
    const omit = ({ secret: _, ...rest }: Record<string, unknown>) =>
      rest;
    expect(after.map(omit)).toEqual(before.map(omit));
    expect(after[1]?.secret).toBe(foreign);
    const fresh = createSecretBox([next]);
    for (const at of [0, 2, 3, 4]) {
      const { secret, user_id } = after[at] ?? {};
      expect(fresh.open(`${secret}`, `${user_id}`)).toMatch(
        /^[A-Z2-7]{32}$/,
      );
    }

    async function readRows() {
      const { rows } = await app.pool.query<Record<string, unknown>>(
        'select * from totp_factors order by user_id',
      );
      return rows;
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

    await rotation;
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
    ['012\u2011345', '012345'],
    ['012\u2013345', '012345'],
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
      const pool = new Pool();
      const proofs = createProofs({ pool });
      const sessions = createPostgresSessions({ pool });
      expect(() =>
        createEnrolment({ pool, sessions, box, proofs, issuer }),
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
    for (const owner of ['', 'bob', 'ada ', 'Ada'])
      expect(box.open(sealed, owner)).toBeUndefined();
    const bytes = Buffer.from(sealed.slice(9), 'base64url');
    for (let at = 0; at < bytes.length; at++) {
      const other = Buffer.from(bytes);
      other.writeUInt8(other.readUInt8(at) ^ 128, at);
      const text = `${box.keyId}.${other.toString('base64url')}`;
      expect(box.open(text, 'ada')).toBeUndefined();
    }
    for (const length of [0, 1, 12, 15, 28, bytes.length - 1]) {
      const cut = bytes.subarray(0, length).toString('base64url');
      expect(box.open(`${box.keyId}.${cut}`, 'ada')).toBeUndefined();
    }
    expect(box.open(box.keyId, 'ada')).toBeUndefined();
    for (const text of [
      '',
      '.',
      'AAAAAAAA.AAAA',
      sealed.slice(1),
      ` ${sealed}`,
    ])
      expect(box.open(text, 'ada')).toBeUndefined();
  });

  it('opens with each key of the list, and is sealed with the first', () => {
    const [old] = keys;
    const [next] = createKeys();
    const [third] = createKeys();
    const both = createSecretBox([next, third, old]);
    expect(both.open(box.seal('text', 'ada'), 'ada')).toBe('text');
    const sealed = both.seal('text', 'ada');
    expect(createSecretBox([next]).open(sealed, 'ada')).toBe('text');
    expect(box.open(sealed, 'ada')).toBeUndefined();
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

  it('are stored as SHA-256, for their user alone', async () => {
    const code = 'ABCDEFGHIJKLMNOPQRSTUVWX';
    const digest = await crypto.subtle.digest(
      'SHA-256',
      Buffer.from(`${code} ada`),
    );
    expect(hashRecoveryCode(code, 'ada')).toEqual(Buffer.from(digest));
    expect(hashRecoveryCode(code, 'bob')).not.toEqual(
      Buffer.from(digest),
    );
  });

  it.each([
    'ABCD-EFGH-IJKL-MNOP-QRST-UVWX',
    'abcd efgh ijkl mnop qrst uvwx',
    'ABCD\u2011EFGH\u2013IJKLMNOPQRSTUVWX',
    ' ABCDEFGHIJKLMNOPQRSTUVWX\u200b\n',
    `ABCDEFGHIJKLMNOPQRSTUVWX${' '.repeat(40)}`,
  ])('are read from %j', (text) => {
    expect(hashRecoveryCode(text, 'ada')).toEqual(
      hashRecoveryCode('ABCDEFGHIJKLMNOPQRSTUVWX', 'ada'),
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
    expect(hashRecoveryCode(text, 'ada')).toBeUndefined();
  });

  it('are of their user alone, and prove who a user is', async () => {
    await using app = await startTestApp();
    const ada = await app.enrol(ADA);
    const bob = await app.enrol(BOB);
    const [code] = ada.recoveryCodes;
    const ticket = await app.getTicket(BOB);
    expect(await app.finish(ticket, code)).toMatchObject(wrong);
    // Nobody guesses 120 bits: it does not count.
    const counts = await app.pool.query('select from totp_networks');
    expect(counts.rows).toEqual([]);
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
    const { phone } = ada;
    const used = await app.finish(await app.getTicket(), phone());
    expect(used.status).toBe(201);
    expect((await app.replaceCodes(ada.token)).status).toBe(200);
    expect(
      await app.finish(await app.getTicket(), phone()),
    ).toMatchObject(wrong);

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
    const begun = await app.scan(token);
    const { phone } = begun;
    const code = phone();
    const first = { ticket: begun.ticket, code };
    const { unlock } = await lockTable(
      app.pool,
      'totp_factors',
      'share',
    );
    const attempts = [
      app.confirm(token, first),
      app.other.confirm(token, first),
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

  it('begins with nothing of the old one', async () => {
    await using app = await startTestApp();
    const old = await app.enrol();
    const ticket = await app.getTicket();
    // The last step of the old one is after the first of the new one.
    expect((await app.finish(ticket, old.phone(1))).status).toBe(201);
    await app.finish(ticket, old.wrong);
    const { phone, ...begun } = await app.scan(old.token);
    expect(
      await app.confirm(old.token, { ticket: begun.ticket, code: '1' }),
    ).toMatchObject({ status: 400, body: { code: 'malformed_code' } });
    const first = { ticket: begun.ticket, code: phone(-1) };
    const { body } = await app.confirm(old.token, first);
    expect(body.recoveryCodes).toHaveLength(10);
    expect(await failures(app)).toBe(0);
    // The ticket was given to those who know the old one.
    const over = { status: 401, body: { code: 'login_over' } };
    expect(await app.finish(ticket, phone())).toMatchObject(over);
    const next = await app.getTicket();
    expect((await app.finish(next, phone())).status).toBe(201);
    for (const code of old.recoveryCodes)
      expect(await app.finish(next, code)).toMatchObject(wrong);
    const [recovery] = body.recoveryCodes;
    expect((await app.finish(next, recovery)).status).toBe(201);
  });

  it('may be confirmed for ten minutes, by the user who began', async () => {
    await using app = await startTestApp();
    const { phone, ticket } = await app.scan(await app.logIn());
    await app.wait(599);
    const first = { ticket, code: phone() };
    const bob = await app.logIn(BOB);
    expect(await app.confirm(bob, first)).toMatchObject(wrong);
    for (const other of ['', 'x', app.box.seal('', '')])
      expect(
        await app.confirm(bob, { ticket: other, code: phone() }),
      ).toMatchObject(wrong);
    const { status } = await app.confirm(await app.logIn(), first);
    expect(status).toBe(200);
  });

  it('is confirmed also when the session has ended meanwhile', async () => {
    await using app = await startTestApp();
    const token = await app.logIn();
    const session = await app.sessions.read(token);
    if (!session) throw new Error('there is no session');
    const { phone, ticket } = await app.scan(token);
    await app.sessions.logoutEverywhere(session.userId);
    const code = phone();
    expect(
      await app.enrolment.confirm({ token, session }, { ticket, code }),
    ).toMatchObject({
      recoveryCodes: { length: 10 },
      token: undefined,
    });
  });

  it('is not changed by a proof of another one', async () => {
    await using app = await startTestApp();
    const token = await app.logIn();
    const before = await app.sessions.read(token);
    if (!before) throw new Error('there is no session');
    const { phone, ticket } = await app.scan(token);
    const first = { ticket, code: phone() };
    const next = readCookie(await app.confirm(token, first));

    // Read before the factor was confirmed, as by a request under way.
    const { enrolment } = app;
    const refused = expect.objectContaining({ code: 'proof_too_old' });
    const current = { token: next, session: before };
    for (const change of [
      () => enrolment.begin(before, ADA),
      () => enrolment.confirm(current, first),
      () => enrolment.replaceRecoveryCodes(before),
      () => enrolment.remove(before),
    ])
      await expect(change()).rejects.toEqual(refused);
    expect((await app.scan(next)).secret).toHaveLength(32);
  });

  it('is not changed by what waited while it was replaced', async () => {
    await using app = await startTestApp();
    const { token } = await app.enrol();
    const { ticket, phone } = await app.scan(token);
    const client = await app.pool.connect();
    await client.query(`begin; update totp_factors set id = 'another'`);
    const changes = [
      app.confirm(token, { ticket, code: phone() }),
      app.replaceCodes(token),
      app.remove(token),
    ];
    await untilWaiting(app.pool, 3);
    const { rows: before } = await client.query(
      'select * from totp_factors',
    );
    await client.query('commit');
    client.release();

    const answers = await Promise.all(changes);
    expect(answers.map(({ status }) => status)).toEqual([
      401, 404, 204,
    ]);
    const { rows } = await app.pool.query('select * from totp_factors');
    expect(rows).toEqual(before);
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
    for (const { userId } of [ada, bob]) {
      const moment = await app.proofs.readMoment(userId);
      const data = app.proofs.stamp(moment);
      expect(await enrolment.remove({ userId, data })).toBe(
        userId === bob.userId,
      );
    }
  });

  it('that is gone refuses the ticket that was given before', async () => {
    await using app = await startTestApp();
    const { token, userId, phone, recoveryCodes } = await app.enrol();
    const ticket = await app.getTicket();
    await app.remove(token);
    const over = { status: 401, body: { code: 'login_over' } };
    for (const code of [phone(), recoveryCodes[0]])
      expect(await app.finish(ticket, code)).toMatchObject(over);
    const user = await app.sessions.list(userId);
    expect(user.map(({ id }) => id)).toHaveLength(1);
    for (const code of [phone(), `${recoveryCodes[0]}`]) {
      const attempt = { userId, factor: 'none', code, address: HERE };
      expect(await app.factors.prove(attempt)).toBe(false);
    }
  });

  it('is confirmed with the secret of its user', async () => {
    await using app = await startTestApp();
    const names = [ADA, BOB, 'cat@example.com'];
    const begun = await Promise.all(
      names.map(async (name) => {
        const token = await app.logIn(name);
        return { token, ...(await app.scan(token)) };
      }),
    );
    for (const { token, ticket, phone } of begun) {
      const first = { ticket, code: phone() };
      expect((await app.confirm(token, first)).status).toBe(200);
    }
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

  it('whose secret is encrypted again while a code is checked takes it', async () => {
    await using app = await startTestApp();
    const { phone } = await app.enrol();
    const ticket = await app.getTicket();
    const [next] = createKeys();
    const box = createSecretBox([next, app.keys[0]]);
    const { unlock } = await lockTable(
      app.pool,
      'totp_factors',
      'share',
    );
    const both = [rotateKeys({ ...app, box }), untilWaiting(app.pool)];
    await both[1];
    const login = app.finish(ticket, phone());
    await untilWaiting(app.pool, 2);
    await unlock();

    expect(await both[0]).toEqual({ rotated: 1, unreadable: 0 });
    expect((await login).status).toBe(201);
  });

  it('that is replaced while a code is checked takes no code of the old one', async () => {
    await using app = await startTestApp();
    const { phone, userId, recoveryCodes } = await app.enrol();
    const ticket = await app.getTicket();
    const client = await app.pool.connect();
    await client.query(`begin; update totp_factors set id = 'next'`);
    const logins = [phone(), recoveryCodes[0]].map((code) =>
      app.finish(ticket, code),
    );
    await untilWaiting(app.pool, 2);
    await client.query('commit');
    client.release();

    const answers = await Promise.all(logins);
    expect(answers).toMatchObject([tooMany, wrong]);
    const old = { userId, factor: 'none', address: HERE };
    for (const code of [phone(), `${recoveryCodes[0]}`])
      expect(await app.factors.prove({ ...old, code })).toBe(false);
    const owner = await app.getTicket();
    for (const code of [phone(), recoveryCodes[0]])
      expect((await app.finish(owner, code)).status).toBe(201);
  });

  it('keeps its last step after a wrong code, and after a recovery code', async () => {
    await using app = await startTestApp();
    const { phone, wrong: guess, recoveryCodes } = await app.enrol();
    const ticket = await app.getTicket();
    const code = phone();
    expect((await app.finish(ticket, code)).status).toBe(201);
    expect(await app.finish(ticket, guess)).toMatchObject(wrong);
    await app.wait(2);
    expect(await app.finish(ticket, code)).toMatchObject(wrong);
    // A wrong recovery code lifts no pause, and a right one does.
    const none = 'A'.repeat(24);
    expect(await app.finish(ticket, none)).toMatchObject(wrong);
    expect(await failures(app)).toBe(2);
    expect(await app.finish(ticket, code)).toMatchObject(tooMany);
    const recovered = await app.finish(ticket, recoveryCodes[0]);
    expect(recovered.status).toBe(201);
    expect(await app.finish(ticket, code)).toMatchObject(wrong);
  });
});

describe('a login', () => {
  it('is of a user and their device', async () => {
    await using app = await startTestApp();
    const { userId, phone } = await app.enrol();
    const device = 'Firefox';
    const { ticket } = await app.logins.begin({ userId, device });
    const answer = { code: phone(), address: HERE, device };
    const token = await app.logins.finish(`${ticket}`, answer);
    expect(await app.sessions.read(`${token}`)).toMatchObject({
      userId,
      device,
    });
  });

  it('has a ticket that is encrypted as no other text', async () => {
    await using app = await startTestApp();
    const { userId, phone } = await app.enrol();
    const { factor, now } = await app.proofs.readMoment(userId);
    const text = `${userId} ${factor} ${now + 100}`;
    for (const owner of ['', userId, 'ticket'])
      expect(
        await app.finish(app.box.seal(text, owner), phone()),
      ).toMatchObject({ status: 401, body: { code: 'login_over' } });
  });

  it('with a password alone does not survive a factor that is set meanwhile', async () => {
    await using app = await startTestApp();
    const token = await app.logIn();
    const { phone, ticket } = await app.scan(token);
    const session = await app.sessions.read(token);
    const userId = `${session?.userId}`;
    const gate = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    const { begin } = createLogins({
      ...app,
      sessions: {
        ...app.sessions,
        begin: async (login) => {
          reached.resolve();
          await gate.promise;
          return app.sessions.begin(login);
        },
      },
    });
    const login = begin({ userId, device: 'a thief' });
    await reached.promise;
    const first = { ticket, code: phone() };
    expect((await app.confirm(token, first)).status).toBe(200);
    gate.resolve();

    await expect(login).rejects.toMatchObject({ code: 'login_over' });
    const sessions = await app.sessions.list(userId);
    expect(sessions.map(({ id }) => id)).toEqual([session?.id]);
  });

  it('is not answered before its session has ended', async () => {
    await using app = await startTestApp();
    const { token, userId, phone } = await app.enrol();
    const gate = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    const { finish } = createLogins({
      ...app,
      sessions: {
        ...app.sessions,
        begin: async (login) => {
          const next = await app.sessions.begin(login);
          await app.remove(token);
          return next;
        },
        logout: async (next) => {
          reached.resolve();
          await gate.promise;
          await app.sessions.logout(next);
        },
      },
    });
    const answer = { code: phone(), address: HERE, device: 'Firefox' };
    let isAnswered = false;
    const login = finish(await app.getTicket(), answer).finally(() => {
      isAnswered = true;
    });
    login.catch(() => {});
    await reached.promise;
    await nextTurn();
    expect(isAnswered).toBe(false);
    gate.resolve();
    await expect(login).rejects.toMatchObject({ code: 'login_over' });
    expect(await app.sessions.list(userId)).toHaveLength(1);
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
});

describe('a proof', () => {
  it('lasts for five minutes, unless it is told', async () => {
    await using app = await startTestApp();
    const { userId } = await app.enrol();
    const { proofs, pool } = app.other;
    const { factor, now } = await proofs.readMoment(userId);
    expect(now).toBeCloseTo(app.now().getTime() / 1000, 3);
    const proof = proofs.stamp({ factor, now });
    expect(proof).toEqual({ factor, provedAt: `${now}` });
    const short = createProofs({ pool, maxAgeSeconds: 1 });
    const isFresh = async (data: Record<string, string>, of = proofs) =>
      of.requireFresh({ userId, data }).then(
        () => true,
        ({ name, code, message }) => {
          expect([name, code, message]).toEqual([
            'SecondFactorError',
            'proof_too_old',
            'Prove again who you are',
          ]);
          return false;
        },
      );

    expect(await isFresh(proof)).toBe(true);
    const wrong: Record<string, string>[] = [
      {},
      { factor },
      { factor, provedAt: '' },
      { factor, provedAt: 'now' },
      { factor, provedAt: `${now + 0.001}` },
      { factor, provedAt: `${now - 300.001}` },
      { factor: 'none', provedAt: `${now}` },
      { provedAt: `${now}` },
    ];
    for (const data of wrong) expect(await isFresh(data)).toBe(false);
    const edge = { factor, provedAt: `${now - 300}` };
    expect(await isFresh(edge)).toBe(true);
    expect(
      await isFresh({ factor, provedAt: `${now - 1}` }, short),
    ).toBe(true);
    expect(
      await isFresh({ factor, provedAt: `${now - 2}` }, short),
    ).toBe(false);
  });

  it.each([0, -1, 3601, Number.NaN])(
    'cannot last for %d seconds',
    (maxAgeSeconds) => {
      const pool = new Pool();
      expect(() => createProofs({ pool, maxAgeSeconds })).toThrow(
        'maxAgeSeconds is not between 1 and 3600',
      );
      for (const good of [1, 3600])
        createProofs({ pool, maxAgeSeconds: good });
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
    const session = await app.sessions.read(token);
    if (!session) throw new Error('there is no session');
    await app.sessions.logoutEverywhere(userId);
    const answer = { code: phone(), address: HERE };
    expect(
      await app.logins.proveAgain({ token, session }, answer),
    ).toBeUndefined();
  });
});

describe('the limit of a network', () => {
  it('counts wrong codes on all accounts, and right ones not', async () => {
    await using app = await startTestApp();
    const ada = await app.enrol(ADA);
    await app.wait(secondsLeft(app));
    const ticket = await app.getTicket();
    for (const steps of [0, 1]) {
      const answer = await app.finish(ticket, ada.phone(steps));
      expect(answer.status).toBe(201);
    }
    expect(await count(app)).toEqual([]);

    for (const name of ['a', 'b', 'c']) {
      const email = `${name}@example.com`;
      const { wrong: guess } = await app.enrol(email);
      const guessing = await app.getTicket(email);
      expect(await app.finish(guessing, guess)).toMatchObject(wrong);
      // It was not judged: it does not count.
      expect(await app.finish(guessing, guess)).toMatchObject(tooMany);
      await app.wait(100);
    }
    expect(await count(app)).toEqual([
      { network: '127.0.0.1/32', failures: 3 },
    ]);
    await app.pool.query('update totp_networks set failures = 49');
    const { wrong: last } = await app.enrol('d@example.com');
    const guess = await app.getTicket('d@example.com');
    expect(await app.finish(guess, last)).toMatchObject(wrong);
    const full = [{ network: '127.0.0.1/32', failures: 50 }];
    expect(await count(app)).toEqual(full);
    const bob = await app.enrol(BOB);
    const theirs = await app.getTicket(BOB);
    // What is left of the hour.
    const refused = await app.other.finish(theirs, bob.phone());
    expect(refused).toMatchObject(tooMany);
    expect(refused.headers.get('retry-after')).toBe('3300');
    const [code] = bob.recoveryCodes;
    expect((await app.finish(theirs, code)).status).toBe(201);
    await app.wait(3299);
    const early = await app.finish(
      await app.getTicket(BOB),
      bob.phone(),
    );
    expect(early.headers.get('retry-after')).toBe('1');
    await app.wait(1);
    const later = await app.getTicket(BOB);
    expect((await app.finish(later, bob.phone())).status).toBe(201);
    expect(await count(app)).toEqual(full);
    expect(await app.finish(later, bob.wrong)).toMatchObject(wrong);
    expect(await count(app)).toEqual([
      ...full,
      { network: '127.0.0.1/32', failures: 1 },
    ]);
  });

  it('refuses no right codes, also when many come at once', async () => {
    await using app = await startTestApp();
    const names = Array.from(
      { length: 12 },
      (_, n) => `${n}@b.example`,
    );
    const users: (User & { ticket: string })[] = [];
    for (const name of names) {
      const user = await app.enrol(name);
      users.push({ ...user, ticket: await app.getTicket(name) });
    }
    const [first] = users;
    expect(
      await app.finish(`${first?.ticket}`, first?.wrong),
    ).toMatchObject(wrong);
    // One of them floods in the pause.
    const flood = Array.from({ length: 60 }, () =>
      app.finish(`${first?.ticket}`, first?.wrong),
    );
    const logins = users
      .slice(1)
      .map(({ ticket, phone }) => app.other.finish(ticket, phone()));
    for (const { status } of await Promise.all(logins))
      expect(status).toBe(201);
    await Promise.all(flood);
    expect(await count(app)).toEqual([
      { network: '127.0.0.1/32', failures: 1 },
    ]);
  }, 60_000);

  it('is passed only by guesses that are judged at the same moment', async () => {
    await using app = await startTestApp();
    const names = Array.from(
      { length: 60 },
      (_, n) => `${n}@b.example`,
    );
    const users = [];
    for (const name of names) {
      const { userId, wrong: guess } = await app.enrol(name);
      const { factor } = await app.proofs.readMoment(userId);
      users.push({ userId, factor, code: guess, address: HERE });
    }
    await app.pool.query(
      `insert into totp_networks
       values ('127.0.0.1', date_bin('1 hour', $1, 'epoch') + interval '1 hour', 47)`,
      [app.now()],
    );
    const guesses = users.map((user) =>
      app.factors.prove(user).catch(() => undefined),
    );
    const judged = (await Promise.all(guesses)).filter(
      (result) => result === false,
    );
    // A pool has ten connections.
    expect(judged.length).toBeGreaterThanOrEqual(3);
    expect(judged.length).toBeLessThanOrEqual(13);
  }, 60_000);

  it('is one of an IPv4 address, and one of an IPv6 subscriber', async () => {
    await using app = await startTestApp();
    const { userId, wrong: code } = await app.enrol();
    const { factor } = await app.proofs.readMoment(userId);
    for (const address of [
      '192.0.2.1',
      '::ffff:192.0.2.1',
      '::FFFF:c000:201',
      '::ffff:192.0.2.2',
      '2001:db8:0:1::1',
      '2001:db8:0:1:ffff:ffff:ffff:ffff',
      '2001:db8:0:2::1',
      'fe80::1%eth0',
      '1::ffff:2.0.2.1',
      // These cannot be read, and share one.
      '203.0.113.7:4711',
      '[2001:db8::1]:443',
      '10.0.0.1/8',
      'undefined',
      '',
      '::1',
    ]) {
      const attempt = { userId, factor, code, address };
      expect(await app.factors.prove(attempt)).toBe(false);
      await app.pool.query(
        `update totp_factors set failures = 0, free_at = '-infinity'`,
      );
    }
    expect(await count(app)).toEqual([
      { network: '192.0.2.1/32', failures: 1 },
      { network: '1::/64', failures: 1 },
      { network: '2001:db8:0:1::/64', failures: 2 },
      { network: '2001:db8:0:2::/64', failures: 1 },
      { network: '::/64', failures: 6 },
      { network: '::ffff:192.0.2.1/128', failures: 2 },
      { network: '::ffff:192.0.2.2/128', failures: 1 },
      { network: 'fe80::/64', failures: 1 },
    ]);
  });

  it('is not confused by the count of an hour to come', async () => {
    await using app = await startTestApp();
    const { phone } = await app.enrol();
    // The clock was two hours ahead, and was set back.
    await app.pool.query(
      `insert into totp_networks
       select '127.0.0.1', date_bin('1 hour', $1, 'epoch') + n * interval '1 hour', 50
       from generate_series(2, 3) as n`,
      [app.now()],
    );
    const ticket = await app.getTicket();
    expect((await app.finish(ticket, phone())).status).toBe(201);
  });

  /** Until the next hour begins. */
  function secondsLeft(app: App): number {
    return 3600 - ((app.now().getTime() / 1000) % 3600);
  }

  async function count(app: App) {
    const { rows } = await app.pool.query<{
      network: string;
      failures: number;
    }>(
      `select network::text, failures
       from totp_networks
       order by network::text collate "C", ends_at`,
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
      await expect(
        app.pool.query('update totp_factors set secret = $1', [text]),
      ).rejects.toThrow('violates check constraint');
    },
  );

  it.each([
    'id',
    'secret',
    'last_step',
    'failures',
    'free_at',
    'recovery_hashes',
  ])('does not take a row without %s', async (column) => {
    await using app = await startTestApp();
    await app.enrol();
    await expect(
      app.pool.query(`update totp_factors set ${column} = null`),
    ).rejects.toThrow('not-null');
  });

  it.each(['network', 'failures', 'ends_at'])(
    'does not take a network without %s',
    async (column) => {
      await using app = await startTestApp();
      await app.pool.query(
        `insert into totp_networks values ('192.0.2.1', now(), 1)`,
      );
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
