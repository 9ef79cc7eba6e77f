import { createHash, createHmac, randomBytes } from 'node:crypto';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { untilWaiting } from '@touchstone/kit/postgres/locks';
import {
  type RunningProgram,
  runProgram,
  startProgram,
} from '@touchstone/kit/programs/program';
import type { Answer } from '@touchstone/kit/testing/client';
import { failure } from '@touchstone/kit/testing/failure';
import { waitUntil } from '@touchstone/kit/time/wait';
import type { Pool } from 'pg';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { readRefreshToken } from './answer-session.ts';
import { deleteExpired } from './delete-expired.ts';
import {
  createRefreshTokens,
  type RefreshTokenOptions,
} from './refresh-tokens.ts';
import { createSecrets } from './secrets.ts';
import { takeTurns } from './take-turns.ts';
import { startTestApp } from './test-app.ts';
import { createAda, readSession } from './test-client.ts';

const MAIN = new URL('main.ts', import.meta.url);
const SCHEMA = new URL('schema.sql', import.meta.url);
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const refused = {
  status: 401,
  body: {
    title: 'Unauthorized',
    status: 401,
    code: 'invalid_grant',
    detail: 'Log in again',
  },
};

failure(
  'A stolen refresh token is replayed',
  {
    symptom:
      '401 `invalid_grant`; this login ends, and the log has `refresh token reused`',
    defence: 'recognise-retry',
    remains:
      'The thief keeps the access token until it expires, five minutes at most',
  },
  async () => {
    await using app = await startTestApp();
    const stolen = await app.login();
    const otherDevice = await app.login();
    const second = readSession(await app.refresh(stolen.refreshToken));
    const owner = readSession(await app.refresh(second.refreshToken));

    expect(await app.refresh(stolen.refreshToken)).toMatchObject(
      refused,
    );

    expect(await app.refresh(owner.refreshToken)).toMatchObject(
      refused,
    );
    const other = await app.refresh(otherDevice.refreshToken);
    expect(other.status).toBe(200);
    const login = {
      familyId: expect.any(String),
      userId: expect.any(String),
    };
    expect(app.entries).toEqual([
      {
        level: 'warn',
        message: 'refresh token reused',
        details: login,
      },
    ]);
    expect(await listReasons(app)).toEqual(['reuse', null]);
  },
);

failure(
  'A thief and the owner refresh in turn, each soon after the other',
  {
    symptom:
      'Both get 200, until they are more than 60 seconds apart or one is two tokens ahead; then the login ends',
    defence: 'recognise-retry',
    remains:
      'A thief who stays in step is not noticed before the login ends, after 30 days at most',
  },
  async () => {
    await using app = await startTestApp();
    const stolen = (await app.login()).refreshToken;
    let owner = stolen;
    let thief = stolen;
    for (let round = 0; round < 10; round++) {
      await app.wait(5 * MINUTE);
      owner = readSession(await app.refresh(owner)).refreshToken;
      await app.wait(50);
      thief = readSession(await app.refresh(thief)).refreshToken;
      expect(thief).toBe(owner);
    }

    owner = readSession(await app.refresh(owner)).refreshToken;
    await app.wait(61);

    expect(await app.refresh(thief)).toMatchObject(refused);
    expect(await app.refresh(owner)).toMatchObject(refused);
  },
);

failure(
  'Tabs refresh at once, and an answer overtakes another',
  {
    symptom:
      'No user notices: tabs take turns, and requests with the same token get the same new token; without turns, users are logged out at random',
    defence: 'take-turns',
    remains:
      'A thief gets that token too, if they come within 60 seconds',
  },
  async () => {
    await using app = await startTestApp();
    const browser = createBrowser(app, await app.login());

    const slow = await browser.send();
    (await browser.send())();
    (await browser.send())();
    slow(); // puts back a token that is spent
    await app.wait(5 * MINUTE);
    await expect(browser.send()).rejects.toThrow('invalid_grant');

    const turns = createBrowser(app, await app.login());
    let underWay = 0;
    const refresh = async () => {
      underWay += 1;
      expect(underWay).toBe(1);
      (await turns.send())();
      underWay -= 1;
    };
    await Promise.all(
      Array.from({ length: 10 }, () => takeTurns(refresh)),
    );
    await app.wait(5 * MINUTE);
    (await turns.send())();
  },
);

failure(
  'The process dies between commit and answer',
  {
    symptom:
      'The connection breaks; the retry gets the token that was lost',
    defence: 'hash-and-successor',
    remains: 'The retry must come within 60 seconds',
  },
  async () => {
    await using database = await freshDatabase({ schema: SCHEMA });
    const environment = {
      ...createSecrets(),
      DATABASE_URL: database.url,
      PORT: '0',
    };
    await using first = await startProgram(MAIN, environment);
    const ada = createAda(first.url);
    const { refreshToken } = await ada.login();

    const { answer } = await killAfterCommit(database.pool, first, () =>
      ada.refresh(refreshToken),
    );
    await expect(answer).rejects.toThrow('fetch failed');

    await using second = await startProgram(MAIN, environment);
    const again = createAda(second.url);
    const next = readSession(await again.refresh(refreshToken));
    expect((await again.refresh(next.refreshToken)).status).toBe(200);
  },
);

failure(
  'A phone does not get the answer, and retries hours later',
  {
    symptom:
      '401 `invalid_grant`; the login ends as `late_retry`, without a warning',
    defence: 'recognise-retry',
    remains:
      'The user logs in again; a thief who comes that late causes no warning either',
  },
  async () => {
    await using app = await startTestApp();
    const { refreshToken } = await app.login();
    const lost = readSession(await app.refresh(refreshToken));
    await app.wait(61);

    expect(await app.refresh(refreshToken)).toMatchObject(refused);

    expect(await app.refresh(lost.refreshToken)).toMatchObject(refused);
    expect(app.messages()).toEqual(['info: refresh token came late']);
    expect(await listReasons(app)).toEqual(['late_retry']);
  },
);

failure(
  'The clocks of two machines differ',
  {
    symptom: 'No effect: all times come from Postgres',
    defence: 'rotate',
    remains:
      'When a standby with another time takes over, a retry may come too late or a login end early, by the difference',
  },
  async () => {
    await using app = await startTestApp();
    const { issue, rotate } = createTokens(app);
    const userId = await addUser(app);
    const login = await issue(userId);
    const next = await atMachine(-15, () => rotate(login.refreshToken));
    const retry = await atMachine(15, () => rotate(login.refreshToken));
    expect(retry).toEqual(next);
    // The standby that takes over is 30 seconds behind.
    await app.wait(-30);
    expect(await rotate(login.refreshToken)).toEqual(next);

    await app.wait(4 * HOUR);

    const replay = atMachine(-5 * HOUR, () =>
      rotate(login.refreshToken),
    );
    await expect(replay).rejects.toMatchObject(invalidGrant);
    // A replay after a failover to a clock that is far behind.
    const other = await issue(userId);
    await rotate(other.refreshToken);
    await app.wait(-61);
    await expect(rotate(other.refreshToken)).rejects.toMatchObject(
      invalidGrant,
    );
    expect(await listReasons(app)).toEqual([
      'late_retry',
      'late_retry',
    ]);
  },
);

failure(
  'The secret is changed while old and new instances run',
  {
    symptom: 'Nothing: a retry gets the same token from each of them',
    defence: 'hash-and-successor',
    remains:
      'If you skip the step in which all instances have both secrets, a retry during the change ends a login',
  },
  async () => {
    await using app = await startTestApp();
    const [before = ''] = app.secrets;
    const after = createSecrets().REFRESH_SECRET;
    const steps = [
      await app.startInstance({ secrets: [before] }),
      await app.startInstance({ secrets: [before, after] }),
      await app.startInstance({ secrets: [after, before] }),
      await app.startInstance({ secrets: [after] }),
    ];

    for (const [index, older] of steps.entries()) {
      const newer = steps[index + 1] ?? older;
      for (const [one, other] of [
        [older, newer],
        [newer, older],
      ] as const) {
        const { refreshToken } = await app.login();
        const next = readSession(await one.refresh(refreshToken));
        const same = readSession(await other.refresh(refreshToken));
        expect(same.refreshToken).toBe(next.refreshToken);
      }
    }
    expect(app.entries).toEqual([]);
  },
);

failure(
  'The secret is missing, empty or easy to guess',
  {
    symptom:
      'The program ends with exit code 1 and says what to set; the code throws without it as well',
    defence: 'guard-secrets',
    remains: 'A secret that leaked looks like any other',
  },
  async () => {
    await using app = await startTestApp();
    const good = 'x'.repeat(43);
    for (const secrets of [[], [''], [good.slice(1)], [good, '']])
      expect(() => createTokens(app, { secrets })).toThrow(
        'each secret must be 32 random bytes or more',
      );
    expect(createTokens(app, { secrets: [good] })).toBeDefined();

    const { SIGNING_KEYS } = createSecrets();
    const { code, errors } = await runProgram(MAIN, {
      REFRESH_SECRET: 'tiger',
      SIGNING_KEYS,
      DATABASE_URL: app.databaseUrl,
      PORT: '0',
    });
    expect(code).toBe(1);
    expect(errors).toContain('REFRESH_SECRET: is too short');
    expect(errors).not.toContain('tiger');
  },
);

failure(
  'An attacker reads a dump of the database, or guesses tokens',
  {
    symptom: '401 for every value; no login ends, no row is written',
    defence: 'hash-and-successor',
    remains:
      'The dump shows who is logged in on how many devices; each guess costs two index look-ups',
  },
  async () => {
    await using app = await startTestApp();
    const first = await app.login();
    const { refreshToken } = readSession(
      await app.refresh(first.refreshToken),
    );

    const [secret = ''] = app.secrets;
    const mac = createHmac('sha256', secret).update(first.refreshToken);
    expect(refreshToken).toBe(mac.digest('base64url'));

    const { dump, hashes } = await dumpDatabase(app.pool);

    for (const token of [first.refreshToken, refreshToken]) {
      expect(dump).not.toContain(token);
      expect(dump).not.toContain(Buffer.from(token).toString('hex'));
      expect(dump).not.toContain(
        Buffer.from(token, 'base64url').toString('hex'),
      );
    }
    const guesses = [
      ...hashes.map((hash) => hash.toString('hex')),
      ...hashes.map((hash) => hash.toString('base64url')),
      ...guessSuccessors(first.refreshToken),
      randomBytes(32).toString('base64url'),
    ];
    for (const guess of guesses)
      expect(await app.refresh(guess)).toMatchObject(refused);
    expect((await dumpDatabase(app.pool)).dump).toBe(dump);
    expect(app.entries).toEqual([]);
    expect((await app.refresh(refreshToken)).status).toBe(200);
  },
);

failure(
  'Spent tokens pile up for years',
  {
    symptom:
      'The tables stop growing once each row has reached its end',
    defence: 'delete-expired',
    remains:
      'A token that is replayed after its row is gone gets 401, and no login ends',
  },
  async () => {
    await using app = await startTestApp();
    const over = await app.login();
    const next = readSession(await app.refresh(over.refreshToken));
    await app.refresh(next.refreshToken);
    await app.wait(6 * DAY);
    const idle = await app.login();
    await app.refresh(idle.refreshToken);
    await app.wait(24 * DAY);
    const live = await app.login();
    await app.wait(6 * DAY);
    const last = readSession(await app.refresh(live.refreshToken));

    // Its tokens go first, so that a batch stays a batch.
    expect(await deleteExpired(app.pool, 2)).toBe(2);
    expect(await deleteExpired(app.pool, 2)).toBe(3);
    expect(await deleteExpired(app.pool, 2)).toBe(2);
    expect(await deleteExpired(app.pool, 2)).toBe(0);

    expect((await app.refresh(last.refreshToken)).status).toBe(200);
    expect(await app.refresh(over.refreshToken)).toMatchObject(refused);
  },
);

describe('a login', () => {
  it('gives tokens that are accepted and are renewed again and again', async () => {
    await using app = await startTestApp();
    let tokens = await app.login();

    for (let round = 0; round < 5; round++) {
      await app.wait(5 * MINUTE);
      const next = readSession(await app.refresh(tokens.refreshToken));
      expect(next.refreshToken).not.toBe(tokens.refreshToken);
      tokens = next;
    }

    expect((await app.me(tokens.accessToken)).status).toBe(200);
    expect(app.entries).toEqual([]);
  });

  it('ends after seven days without a renewal, and not before', async () => {
    await using app = await startTestApp();
    const { refreshToken: first } = await app.login();
    await app.wait(7 * DAY - MINUTE);
    const { refreshToken } = readSession(await app.refresh(first));
    await app.wait(7 * DAY - MINUTE);
    const last = readSession(await app.refresh(refreshToken));

    await app.wait(7 * DAY);

    expect(await app.refresh(last.refreshToken)).toMatchObject(refused);
    expect(app.entries).toEqual([]);
  });

  it('ends after thirty days, no matter how often it is renewed', async () => {
    await using app = await startTestApp();
    let { refreshToken } = await app.login();
    for (let day = 0; day < 25; day += 5) {
      await app.wait(5 * DAY);
      ({ refreshToken } = readSession(await app.refresh(refreshToken)));
    }
    await app.wait(5 * DAY - 40);
    const last = readSession(await app.refresh(refreshToken));

    await app.wait(40);

    expect(await app.refresh(last.refreshToken)).toMatchObject(refused);
    // A retry, within its sixty seconds, does not prolong the login.
    expect(await app.refresh(refreshToken)).toMatchObject(refused);
    expect(app.entries).toEqual([]);
  });
});

describe('a spent token', () => {
  it('gets the same successor again for sixty seconds', async () => {
    await using app = await startTestApp();
    const { refreshToken } = await app.login();
    const first = readSession(await app.refresh(refreshToken));
    await app.wait(55);

    const again = readSession(await app.refresh(refreshToken));

    expect(again.refreshToken).toBe(first.refreshToken);
    expect((await app.me(again.accessToken)).status).toBe(200);
    expect(app.entries).toEqual([]);
  });

  it('gets one successor when it comes twenty times at once', async () => {
    await using app = await startTestApp();
    const { refreshToken } = await app.login();

    const answers = await Promise.all(
      Array.from({ length: 20 }, () => app.refresh(refreshToken)),
    );

    const successors = new Set(
      answers.map((answer) => readSession(answer).refreshToken),
    );
    expect(successors.size).toBe(1);
    const [successor = ''] = successors;
    expect((await app.refresh(successor)).status).toBe(200);
    expect(app.entries).toEqual([]);
  });

  it('ends the login at once when its successor is spent too', async () => {
    await using app = await startTestApp();
    const { refreshToken } = await app.login();
    const second = readSession(await app.refresh(refreshToken));
    const third = readSession(await app.refresh(second.refreshToken));

    expect(await app.refresh(refreshToken)).toMatchObject(refused);
    expect(await app.refresh(third.refreshToken)).toMatchObject(
      refused,
    );
    expect(app.messages()).toEqual(['warn: refresh token reused']);
    expect(await listReasons(app)).toEqual(['reuse']);
  });

  it('of a login that has ended is refused without another report', async () => {
    await using app = await startTestApp();
    const { refreshToken } = await app.login();
    const second = readSession(await app.refresh(refreshToken));
    await app.refresh(second.refreshToken);
    await app.refresh(refreshToken);

    expect(await app.refresh(refreshToken)).toMatchObject(refused);
    expect(await app.refresh(second.refreshToken)).toMatchObject(
      refused,
    );
    expect(app.messages()).toEqual(['warn: refresh token reused']);
  });

  it('is reported once when it is replayed many times at once', async () => {
    await using app = await startTestApp();
    const { refreshToken } = await app.login();
    const second = readSession(await app.refresh(refreshToken));
    await app.refresh(second.refreshToken);
    await using families = await lockRows(app, 'refresh_families');

    const answers = Promise.all(
      Array.from({ length: 3 }, () => app.refresh(refreshToken)),
    );
    await untilWaiting(app.pool, 3);
    await families.release();

    for (const answer of await answers)
      expect(answer).toMatchObject(refused);
    expect(app.messages()).toEqual(['warn: refresh token reused']);
  });

  it('of another login changes nothing here', async () => {
    await using app = await startTestApp();
    const phone = await app.login();
    const laptop = await app.login();
    await app.refresh(phone.refreshToken);

    await app.logout(laptop.refreshToken);

    const again = await app.refresh(phone.refreshToken);
    expect(again.status).toBe(200);
  });
});

describe('a logout', () => {
  it('ends the login on this device and leaves the others', async () => {
    await using app = await startTestApp();
    const phone = await app.login();
    const laptop = await app.login();
    const next = readSession(await app.refresh(phone.refreshToken));

    const answer = await app.logout(next.refreshToken);

    expect(answer.status).toBe(204);
    expect(answer.headers.getSetCookie()).toEqual([
      '__Host-refresh=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Strict',
    ]);
    for (const { refreshToken } of [phone, next])
      expect(await app.refresh(refreshToken)).toMatchObject(refused);
    expect((await app.refresh(laptop.refreshToken)).status).toBe(200);
    expect(app.entries).toEqual([]);
    expect(await listReasons(app)).toEqual(['logout', null]);
  });

  it('works with a spent token, and when the access token is long over', async () => {
    await using app = await startTestApp();
    const { refreshToken } = await app.login();
    const next = readSession(await app.refresh(refreshToken));
    await app.wait(DAY);

    await app.logout(refreshToken);

    expect(await app.refresh(next.refreshToken)).toMatchObject(refused);
  });

  it('waits for a refresh under way, and ends its token', async () => {
    await using app = await startTestApp();
    const { refreshToken } = await app.login();
    await using tokens = await lockRows(app, 'refresh_tokens');
    const refresh = app.refresh(refreshToken);
    await untilWaiting(app.pool, 1);
    const logout = app.logout(refreshToken);
    await untilWaiting(app.pool, 2);
    await tokens.release();
    const next = readSession(await refresh);
    expect((await logout).status).toBe(204);
    expect(await app.refresh(next.refreshToken)).toMatchObject(refused);
  });

  it('does not deadlock when the user is deleted meanwhile', async () => {
    await using app = await startTestApp();
    const login = await app.login();
    await using families = await lockRows(app, 'refresh_families');
    const late = app.refresh(login.refreshToken);
    await untilWaiting(app.pool, 1);
    // It deletes the family first, and its tokens with it.
    await families.query('delete from users');
    await families.release();
    expect(await late).toMatchObject(refused);
  });

  it('of an unknown token succeeds and does nothing', async () => {
    await using app = await startTestApp();
    const { refreshToken } = await app.login();

    expect((await app.logout('x'.repeat(43))).status).toBe(204);

    expect((await app.refresh(refreshToken)).status).toBe(200);
  });

  it('ends every login of this user, and of nobody else, when it is a logout everywhere', async () => {
    await using app = await startTestApp();
    const phone = await app.login();
    const laptop = await app.login();
    const before = await listFamilies(app);
    await app.pool.query(
      `with bob as (
         insert into users (email) values ('bob@example.com') returning id
       )
       insert into refresh_families (user_id, expires_at)
       select id, now() + interval '1 day' from bob`,
    );

    const answer = await app.logoutEverywhere(phone.accessToken);

    expect(answer.status).toBe(204);
    expect(await app.refresh(phone.refreshToken)).toMatchObject(
      refused,
    );
    expect(await app.refresh(laptop.refreshToken)).toMatchObject(
      refused,
    );
    const ended = before.map(({ id }) => ({ id, reason: 'logout' }));
    const after = await listFamilies(app);
    expect(after).toEqual(
      expect.arrayContaining([
        ...ended,
        { id: expect.any(String), reason: null },
      ]),
    );
  });

  it('is answered when the login has ended, and not before', async () => {
    await using app = await startTestApp();
    const tokens = createTokens(app);
    const { userId, refreshToken } = await tokens.issue(
      await addUser(app),
    );
    await using families = await lockRows(app, 'refresh_families');
    let answered = 0;
    const answers = [
      tokens.logout(refreshToken),
      tokens.logoutEverywhere(userId),
    ].map((logout) => logout.then(() => (answered += 1)));

    await untilWaiting(app.pool, 2);
    expect(answered).toBe(0);
    await families.release();
    await Promise.all(answers);
  });

  it('keeps the first reason for which a login ended', async () => {
    await using app = await startTestApp();
    const { refreshToken, accessToken } = await app.login();
    const second = readSession(await app.refresh(refreshToken));
    await app.refresh(second.refreshToken);
    await app.refresh(refreshToken);

    await app.logoutEverywhere(accessToken);

    expect(await listReasons(app)).toEqual(['reuse']);
  });
});

describe('an expired row', () => {
  it('is deleted in batches of a thousand', async () => {
    await using app = await startTestApp();
    await app.login();
    await app.pool.query(
      `insert into refresh_tokens (hash, family_id, expires_at, spent_at)
       select sha256(n::text::bytea), id, now(), now()
       from refresh_families, generate_series(1, 1500) n`,
    );

    expect(await deleteExpired(app.pool)).toBe(1000);
    expect(await deleteExpired(app.pool)).toBe(500);
    expect(await deleteExpired(app.pool)).toBe(0);
  });

  it('that is locked is left for the next time', async () => {
    await using app = await startTestApp();
    for (let device = 0; device < 3; device++) await app.login();
    await app.wait(30 * DAY);

    const deletes = async (locked: string, rows: number) => {
      await using _lock = await lockRows(app, `${locked} limit 1`);
      expect(await deleteExpired(app.pool)).toBe(rows);
    };
    await deletes('refresh_tokens', 2 + 2);
    await deletes('refresh_families', 1);
    await deletes('users', 1);
  });

  it('of a login without tokens is deleted once that is over, in batches too', async () => {
    await using app = await startTestApp();
    for (let device = 0; device < 3; device++) await app.login();
    await app.wait(8 * DAY);
    expect(await deleteExpired(app.pool)).toBe(3);
    expect(await listReasons(app)).toEqual([null, null, null]);
    await app.wait(22 * DAY);

    expect(await deleteExpired(app.pool, 2)).toBe(2);
    expect(await deleteExpired(app.pool, 2)).toBe(1);
  });
});

describe('the cookie', () => {
  it('is out of reach of scripts, other sites and caches', async () => {
    await using app = await startTestApp();
    const { refreshToken: token } = await app.login();

    const answer = await app.refresh(token);

    const { refreshToken } = readSession(answer);
    expect(answer.headers.getSetCookie()).toEqual([
      `__Host-refresh=${refreshToken}; Max-Age=2592000; Path=/; Secure; HttpOnly; SameSite=Strict`,
    ]);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.body).toEqual({
      accessToken: expect.any(String),
      expiresIn: 300,
    });
  });

  const token = 'a-Z_9'.repeat(9).slice(0, 43);
  it.each([
    [`__Host-refresh=${token}`, token],
    [`theme=dark; __Host-refresh=${token}; lang=en`, token],
    [`x__Host-refresh=${token}`, undefined],
    [`__Host-refresh=${token}a`, undefined],
    [`__Host-refresh=${token.slice(1)}`, undefined],
    [`__Host-refresh=${'\u{1F36A}'.repeat(43)}`, undefined],
    [undefined, undefined],
  ])('reads the cookie header %j', (header, found) => {
    expect(readRefreshToken(header)).toBe(found);
  });
});

describe('the database', () => {
  it('refuses a second token that works in one family', async () => {
    await using app = await startTestApp();
    await app.login();

    const fork = app.pool.query(
      `insert into refresh_tokens (hash, family_id, expires_at)
       select sha256('another'), family_id, expires_at from refresh_tokens`,
    );

    await expect(fork).rejects.toMatchObject({
      code: '23505',
      constraint: 'one_unspent_token_in_a_family',
    });
  });

  it('refuses rows that mean nothing', async () => {
    await using app = await startTestApp();
    await app.login();
    const changes: [string, string][] = [
      ['refresh_families set user_id = null', '23502'],
      ['refresh_families set user_id = gen_random_uuid()', '23503'],
      ['refresh_families set expires_at = null', '23502'],
      ['refresh_families set ended_at = now()', '23514'],
      [`refresh_families set end_reason = 'logout'`, '23514'],
      [
        `refresh_families set ended_at = now(), end_reason = 'whim'`,
        '23514',
      ],
      [`refresh_tokens set hash = '\\x00'`, '23514'],
      ['refresh_tokens set hash = null', '23502'],
      ['refresh_tokens set family_id = null', '23502'],
      ['refresh_tokens set family_id = gen_random_uuid()', '23503'],
      ['refresh_tokens set expires_at = null', '23502'],
    ];

    for (const [change, code] of changes)
      await expect(
        app.pool.query(`update ${change}`),
      ).rejects.toMatchObject({ code });
  });

  it.each([
    [
      'refresh_families',
      'user_id = gen_random_uuid()',
      'families_of_a_user',
    ],
    [
      'refresh_tokens',
      'family_id = gen_random_uuid()',
      'tokens_of_a_family',
    ],
    ['refresh_families', 'expires_at <= now()', 'families_by_end'],
    ['refresh_tokens', 'expires_at <= now()', 'tokens_by_end'],
  ])('has an index of %s for %s', async (table, condition, index) => {
    await using app = await startTestApp();
    const [, plan] = await queryAll(
      app.pool,
      `set enable_seqscan = off;
       explain (format json) select from ${table} where ${condition}`,
    );

    expect(JSON.stringify(plan?.rows)).toContain(index);
  });

  it('has one row for each token', async () => {
    await using app = await startTestApp();
    const { refreshToken } = await app.login();
    await app.refresh(refreshToken);

    const copy = app.pool.query(
      `insert into refresh_tokens (hash, family_id, expires_at, spent_at)
       select hash, family_id, expires_at, now()
       from refresh_tokens
       where spent_at is null`,
    );

    await expect(copy).rejects.toMatchObject({ code: '23505' });
  });

  it('forgets all logins of a user who is deleted', async () => {
    await using app = await startTestApp();
    const { refreshToken } = await app.login();
    await app.refresh(refreshToken);

    await app.pool.query('delete from users');

    const { rows } = await app.pool.query(
      `select count(*)::int from refresh_tokens
       union all
       select count(*)::int from refresh_families`,
    );
    expect(rows).toEqual([{ count: 0 }, { count: 0 }]);
  });
});

type App = Awaited<ReturnType<typeof startTestApp>>;
type Tokens = ReturnType<typeof readSession>;

const invalidGrant = { name: 'RefreshError', code: 'invalid_grant' };

function createTokens(
  app: App,
  options: Partial<RefreshTokenOptions> = {},
) {
  const { pool, log, secrets } = app;
  return createRefreshTokens({ pool, log, secrets, ...options });
}

async function addUser({ pool }: App): Promise<string> {
  const { rows } = await pool.query<{ id: string }>(
    `insert into users (email) values ('bob@example.com') returning id`,
  );
  return `${rows[0]?.id}`;
}

/** Does something on a machine whose clock is wrong by so many seconds. */
async function atMachine<T>(seconds: number, work: () => Promise<T>) {
  const now = Date.now() + seconds * 1000;
  vi.useFakeTimers({ now, toFake: ['Date'] });
  try {
    return await work();
  } finally {
    vi.useRealTimers();
  }
}

/** Postgres answers each statement of a text without parameters. */
async function queryAll(pool: Pool, statements: string) {
  const result: unknown = await pool.query(statements);
  return z
    .array(z.object({ rows: z.array(z.unknown()) }))
    .parse(result);
}

async function listFamilies({ pool }: App) {
  const { rows } = await pool.query<{
    id: string;
    reason: string | null;
  }>(
    `select id, end_reason as reason
     from refresh_families
     order by end_reason`,
  );
  return rows;
}

async function listReasons(app: App) {
  return (await listFamilies(app)).map(({ reason }) => reason);
}

/** Sends a rotation and kills the program once it is committed, before the program can know. */
async function killAfterCommit(
  pool: Pool,
  program: RunningProgram,
  send: () => Promise<Answer>,
) {
  await using tokens = await lockRows({ pool }, 'refresh_tokens');
  const answer = send();
  answer.catch(() => {}); // it fails while we still wait for other things
  await untilWaiting(pool, 1);
  await program.signal('SIGSTOP');
  await tokens.release();
  await waitUntil('the rotation is committed', async () => {
    const { rowCount } = await pool.query(
      'select from refresh_tokens where spent_at is not null',
    );
    return rowCount === 1;
  });
  await program.kill('SIGKILL');
  return { answer };
}

/** Locks the rows of a table until the end of the block, or until they are released. */
async function lockRows({ pool }: { pool: Pool }, table: string) {
  const client = await pool.connect();
  await client.query(`begin; select from ${table} for update`);
  const release = async () => {
    await client.query('commit');
  };
  return {
    query: (statement: string) => client.query(statement),
    release,
    async [Symbol.asyncDispose]() {
      await release();
      client.release();
    },
  };
}

/** Tabs that share a cookie: `send` refreshes, and what it returns is called when the answer has arrived. */
function createBrowser(app: App, { refreshToken }: Tokens) {
  let cookie = refreshToken;
  async function send() {
    const next = readSession(await app.refresh(cookie)).refreshToken;
    return () => {
      cookie = next;
    };
  }
  return { send };
}

async function dumpDatabase(pool: Pool) {
  const tokens = await pool.query<{ hash: Buffer }>(
    'select * from refresh_tokens order by hash',
  );
  const families = await pool.query(
    'select * from refresh_families order by id',
  );
  const dump = JSON.stringify(
    [tokens.rows, families.rows],
    (_key, value) =>
      value?.type === 'Buffer'
        ? Buffer.from(value.data).toString('hex')
        : value,
  );
  return { dump, hashes: tokens.rows.map(({ hash }) => hash) };
}

/** What somebody computes who has a spent token and has read this code. */
function guessSuccessors(spent: string): string[] {
  return [
    createHash('sha256').update(spent).digest('base64url'),
    createHmac('sha256', '').update(spent).digest('base64url'),
    createHmac('sha256', spent).update(spent).digest('base64url'),
    `${spent.slice(0, -1)}${spent.endsWith('A') ? 'B' : 'A'}`,
  ];
}
