import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { listen } from '@touchstone/kit/app/http';
import {
  lockTable,
  untilWaiting,
} from '@touchstone/kit/postgres/locks';
import { failure } from '@touchstone/kit/testing/failure';
import { waitUntil } from '@touchstone/kit/time/wait';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { readBrowser } from './browser-cookie.ts';
import { createChallenges } from './challenges.ts';
import { addPasskey, offerPasskeys, signIn } from './passkey-client.ts';
import { createPasskeyRegistration } from './passkey-registration.ts';
import { createPasskeySignIn } from './passkey-sign-in.ts';
import { createPasskeys } from './passkeys.ts';
import { ADA, BOB, ORIGIN, startTestApp } from './test-app.ts';
import { addCertificates } from './test-attestation.ts';
import {
  createAuthenticator,
  type Faults,
} from './test-authenticator.ts';

const over = { status: 401, body: { code: 'challenge_over' } };
const refused = { status: 401, body: { code: 'passkey_refused' } };
const notAdded = { status: 409, body: { code: 'passkey_refused' } };
const notStored = { status: 409, body: { code: 'passkey_not_added' } };
const malformed = { status: 400, body: { code: 'malformed_passkey' } };
const tooOld = { status: 403, body: { code: 'sign_in_again' } };
const last = { status: 409, body: { code: 'last_passkey' } };

failure(
  'An answer is sent twice: at once, or later by somebody who saw it',
  {
    symptom:
      '401 `challenge_over` for all but the first, on every instance',
    defence: 'take',
    remains:
      'An answer that got lost on its way costs the user a second attempt',
  },
  async () => {
    await using app = await startTestApp();
    const { browser, key } = await app.enrol();
    const other = app.openOther();
    const { body } = await browser.beginSignIn();
    for (const [name, value] of browser.jar) other.jar.set(name, value);
    const answer = key.get(body);

    const answers = await Promise.all(
      [browser, other, browser, other].map((one) =>
        one.finishSignIn(answer),
      ),
    );

    const statuses = answers.map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([201, 401, 401, 401]);
    expect(await browser.finishSignIn(answer)).toMatchObject(over);
    const options = (await browser.beginRegistration()).body;
    const added = createAuthenticator(ORIGIN).create(options);
    expect((await browser.finishRegistration(added)).status).toBe(201);
    expect(await browser.finishRegistration(added)).toMatchObject(over);
    expect(await app.count('passkey_challenges')).toBe(0);
  },
);

it('an answer after more than five minutes is refused, by the clock of Postgres', async () => {
  await using app = await startTestApp();
  const { browser, key } = await app.enrol();

  const { body: first } = await browser.beginSignIn();
  await app.wait(299);
  expect((await browser.finishSignIn(key.get(first))).status).toBe(201);
  const { body: second } = await browser.beginSignIn();
  await app.wait(300);
  const answer = key.get(second);
  expect(await browser.finishSignIn(answer)).toMatchObject(over);
  const { body: third } = await browser.beginRegistration();
  await app.wait(300);
  const added = createAuthenticator(ORIGIN).create(third);
  expect(await browser.finishRegistration(added)).toMatchObject(over);
});

failure(
  'The challenge of another browser, session or ceremony is answered',
  {
    symptom:
      '401 `challenge_over`, and the one who asked can still answer',
    defence: 'take',
    remains: 'A script in your page acts as the browser of its user',
  },
  async () => {
    await using app = await startTestApp();
    const { browser, key } = await app.enrol();
    const thief = app.open();
    await thief.beginSignIn();
    const { body } = await browser.beginSignIn();
    const answer = key.get(body);

    expect(await thief.finishSignIn(answer)).toMatchObject(over);
    expect(await app.open().finishSignIn(answer)).toMatchObject(over);
    expect((await browser.finishSignIn(answer)).status).toBe(201);

    // A session of the same user is another one, too.
    const second = app.open();
    await second.usePassword();
    const { body: asked } = await browser.beginRegistration();
    const added = createAuthenticator(ORIGIN).create(asked);
    expect(await second.finishRegistration(added)).toMatchObject(over);
    const own = await browser.finishRegistration(added);
    expect(own.status).toBe(201);

    const { body: signIn } = await browser.beginSignIn();
    const wrong = createAuthenticator(ORIGIN).create(signIn);
    expect(await browser.finishRegistration(wrong)).toMatchObject(over);
    const { body: registration } = await browser.beginRegistration();
    expect(
      await browser.finishSignIn(key.get(registration)),
    ).toMatchObject(over);
  },
);

failure(
  'A page of another origin, or of a subdomain, asks for the passkey',
  {
    symptom:
      '401 for a sign-in and 409 for a registration, both `passkey_refused`; the log has the origin',
    defence: 'finish-sign-in',
    remains:
      'A page of one of `rp.origins` is trusted: list each, no pattern',
  },
  async () => {
    await using app = await startTestApp();
    const { browser, key } = await app.enrol();
    const others: Faults[] = [
      { origin: 'https://shop.example.com.evil.test' },
      { origin: 'https://blog.shop.example.com' },
      { origin: 'http://shop.example.com' },
      { origin: 'https://shop.example.com:8443' },
      { rpId: 'example.com' },
      { type: 'payment.get' },
    ];
    for (const faults of others) {
      expect(await browser.signIn(key, faults)).toMatchObject(refused);
      const added = createAuthenticator(ORIGIN);
      expect(await browser.register(added, faults)).toMatchObject(
        notAdded,
      );
    }
    // In a frame of another site.
    const framed = { crossOrigin: true };
    expect(await browser.signIn(key, framed)).toMatchObject(malformed);
    expect(
      await browser.register(createAuthenticator(ORIGIN), framed),
    ).toMatchObject(malformed);

    expect(await browser.list()).toHaveLength(1);
    expect(app.log.entries).toContainEqual({
      level: 'warn',
      message: 'passkey refused',
      details: expect.objectContaining({
        reason: expect.stringContaining('evil.test'),
      }),
    });
    expect((await browser.signIn(key)).status).toBe(201);
  },
);

failure(
  'Somebody finds a security key, and has neither its PIN nor the finger',
  {
    symptom:
      '`passkey_refused`: the authenticator must verify its user',
    defence: 'finish-sign-in',
    remains: 'Old keys without a PIN cannot be added',
  },
  async () => {
    await using app = await startTestApp();
    const { browser, key } = await app.enrol();
    for (const faults of [
      { isVerified: false },
      { isPresent: false },
    ]) {
      expect(await browser.signIn(key, faults)).toMatchObject(refused);
      const added = createAuthenticator(ORIGIN);
      expect(await browser.register(added, faults)).toMatchObject(
        notAdded,
      );
    }
  },
);

failure(
  'A passkey is copied, and the copy is used as well',
  {
    symptom:
      '401 `passkey_refused` when the counter is not higher than the last, and the log has `counter`',
    defence: 'use-passkey',
    remains:
      'The copy that comes first gets in. Of a passkey that always counts 0, as synced ones do, no copy is noticed',
  },
  async () => {
    await using app = await startTestApp();
    const { browser, key } = await app.enrol(ADA, { counter: 5 });

    expect(await browser.signIn(key, { counter: 5 })).toMatchObject(
      refused,
    );
    expect((await browser.signIn(key, { counter: 7 })).status).toBe(
      201,
    );
    for (const counter of [7, 6, 0])
      expect(await browser.signIn(key, { counter })).toMatchObject(
        refused,
      );
    expect(app.log.entries.at(-1)).toMatchObject({
      message: 'passkey refused',
      details: { id: key.id, reason: 'counter' },
    });
    expect((await browser.signIn(key, { counter: 8 })).status).toBe(
      201,
    );

    // Two with the same count at once, at two instances.
    const other = app.openOther();
    const one = (await browser.beginSignIn()).body;
    const two = (await other.beginSignIn()).body;
    const answers = await Promise.all([
      browser.finishSignIn(key.get(one, { counter: 9 })),
      other.finishSignIn(key.get(two, { counter: 9 })),
    ]);
    const statuses = answers.map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([201, 401]);

    const bob = await app.enrol(BOB, {
      backupEligible: true,
      backedUp: true,
    });
    const synced = { backupEligible: true, backedUp: true };
    for (let times = 0; times < 3; times++)
      expect((await bob.browser.signIn(bob.key, synced)).status).toBe(
        201,
      );
    const counts = { ...synced, counter: 1 };
    expect((await bob.browser.signIn(bob.key, counts)).status).toBe(
      201,
    );
    const none = { ...synced, counter: 0 };
    expect(await bob.browser.signIn(bob.key, none)).toMatchObject(
      refused,
    );
  },
);

failure(
  'The credential ID of a user is registered again, by another user',
  {
    symptom:
      '409 `passkey_not_added`, and the first one keeps the passkey',
    defence: 'finish-registration',
    remains: 'The answer tells that the ID is in use',
  },
  async () => {
    await using app = await startTestApp();
    const { browser, key } = await app.enrol();
    const eve = await app.enrol(BOB);
    const id = Buffer.from(key.id, 'base64url');

    const copy = createAuthenticator(ORIGIN);
    expect(await eve.browser.register(copy, { id })).toMatchObject(
      notStored,
    );
    // The `id` beside the signed data is not what counts.
    const { body } = await eve.browser.beginRegistration();
    const fresh = createAuthenticator(ORIGIN);
    const answer = { ...copy.create(body, { id }) };
    answer.id = answer.rawId = fresh.id;
    expect(await eve.browser.finishRegistration(answer)).toMatchObject(
      notStored,
    );
    expect(await browser.register(copy, { id })).toMatchObject(
      notStored,
    );

    expect(await eve.browser.list()).toHaveLength(1);
    expect((await browser.signIn(key)).status).toBe(201);
  },
);

failure(
  'An answer names another user than the owner of the passkey',
  {
    symptom: '401 `passkey_refused`, as for a passkey that is unknown',
    defence: 'finish-sign-in',
    remains:
      'None: the user is the one of the row that has this ID and this owner',
  },
  async () => {
    await using app = await startTestApp();
    const { browser, key } = await app.enrol();
    const bob = await app.enrol(BOB);
    const { body } = await bob.browser.beginRegistration();
    const { userId } = (await browser.me()).body;
    const { userId: bobId } = (await bob.browser.me()).body;

    const handles = [
      body.user.id,
      undefined,
      '',
      'x',
      Buffer.from(`${userId}`.toUpperCase()).toString('base64url'),
      Buffer.from(ADA).toString('base64url'),
    ];
    for (const userHandle of handles)
      expect(await browser.signIn(key, { userHandle })).toMatchObject(
        refused,
      );
    expect(app.log.entries[0]).toMatchObject({
      details: { id: key.id, userId: bobId, reason: 'unknown' },
    });
    const unknown = { id: randomBytes(16) };
    expect(await browser.signIn(key, unknown)).toMatchObject(refused);
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    expect(
      await browser.signIn(key, { key: pair.privateKey }),
    ).toMatchObject(refused);
    expect((await browser.signIn(key)).status).toBe(201);
    expect((await browser.me()).body.userId).toBe(userId);
  },
);

failure(
  'A user removes the last passkey, or the last two at once',
  {
    symptom: '409 `last_passkey`, and one stays',
    defence: 'remove',
    remains:
      'A user who loses every device needs a recovery, which is not here: suggest a second passkey',
  },
  async () => {
    await using app = await startTestApp();
    const { browser, key } = await app.enrol();
    expect(await browser.remove(key.id)).toMatchObject(last);
    const second = createAuthenticator(ORIGIN);
    await browser.register(second);
    // Both begin before either has an end.
    const client = await app.pool.connect();
    await client.query('begin; select from passkeys for update');

    const removals = [
      browser.remove(key.id),
      browser.remove(second.id),
    ];
    await untilWaiting(app.pool, 2);
    await client.query('commit');
    client.release();

    const statuses = (await Promise.all(removals)).map(
      ({ status }) => status,
    );
    expect(statuses.toSorted()).toEqual([204, 409]);
    expect(await browser.list()).toHaveLength(1);
  },
);

failure(
  'A lost device signs in while its passkey is removed',
  {
    symptom:
      '401 `passkey_refused`, and no session: the removal ends all others, and a sign-in looks again at its end',
    defence: 'finish-sign-in',
    remains:
      'Requests under way finish; access that was given outside of sessions stays',
  },
  async () => {
    await using app = await startTestApp();
    const { browser, key } = await app.enrol();
    const lost = createAuthenticator(ORIGIN);
    await browser.register(lost);
    const thief = app.open();
    expect((await thief.signIn(lost)).status).toBe(201);

    // The thief signs in again, and waits at the session.
    const late = app.openOther();
    const { body } = await late.beginSignIn();
    const { unlock } = await lockTable(app.pool, 'sessions', 'share');
    const attempt = late.finishSignIn(lost.get(body));
    await untilWaiting(app.pool, 1);
    await app.pool.query('delete from passkeys where id = $1', [
      lost.id,
    ]);
    await unlock();

    expect(await attempt).toMatchObject(refused);
    expect((await late.me()).status).toBe(401);
    expect(app.log.entries.at(-1)).toMatchObject({
      details: { id: lost.id, reason: 'removed' },
    });
    expect(await app.count('sessions')).toBe(2);
    // Its first session is ended by the removal; repeated, it is the same.
    expect((await browser.remove(lost.id)).status).toBe(204);
    expect((await thief.me()).status).toBe(401);
    expect((await browser.me()).status).toBe(200);
    expect(await browser.list()).toMatchObject([{ id: key.id }]);
    expect(await app.count('sessions')).toBe(1);
    expect(await thief.signIn(lost)).toMatchObject(refused);
  },
);

failure(
  'A thief has a session, and adds or removes a passkey',
  {
    symptom:
      '403 `sign_in_again` when the session is older than ten minutes, by the clock of Postgres',
    defence: 'require-fresh',
    remains:
      'A session that is stolen within these ten minutes can do it: tell the user by mail of each change',
  },
  async () => {
    await using app = await startTestApp();
    const { browser, key } = await app.enrol();
    const second = createAuthenticator(ORIGIN);
    await browser.register(second);

    await app.wait(590);
    expect((await browser.beginRegistration()).status).toBe(200);
    await app.wait(11);
    expect(await browser.beginRegistration()).toMatchObject(tooOld);
    expect(await browser.remove(second.id)).toMatchObject(tooOld);
    expect(await browser.list()).toHaveLength(2);

    expect((await browser.signIn(key)).status).toBe(201);
    expect((await browser.remove(second.id)).status).toBe(204);
  },
);

it('an attestation that was not asked for is refused, and nothing in it is fetched', async () => {
  await using app = await startTestApp();
  const { browser } = await app.enrol();
  const asked: (string | undefined)[] = [];
  await using other = await listen((request, response) => {
    asked.push(request.url);
    response.end();
  });
  const addresses = ['/a', '/b'].map((path) => other.url + path);
  const { body } = await browser.beginRegistration();
  const plain = createAuthenticator(ORIGIN).create(body);
  const forged = await addCertificates(plain, addresses);

  expect(await browser.finishRegistration(forged)).toMatchObject(
    notAdded,
  );
  expect(asked).toEqual([]);
  const { userId } = (await browser.me()).body;
  const entry = {
    message: 'passkey refused',
    details: {
      userId,
      reason: expect.stringContaining('not asked for'),
    },
  };
  expect(app.log.entries.at(-1)).toMatchObject(entry);
  for (const attestation of [
    { certificates: [new Uint8Array(9)] },
    // Its certificates are elsewhere.
    { format: 'android-safetynet' },
  ]) {
    const key = createAuthenticator(ORIGIN);
    expect(await browser.register(key, { attestation })).toMatchObject(
      notAdded,
    );
    expect(app.log.entries.at(-1)).toMatchObject(entry);
  }
});

it('a browser may send what a passkey signs itself, when the signature is right', async () => {
  await using app = await startTestApp();
  const { browser } = await app.enrol();
  const { privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
  });
  const own = { attestation: {} };
  const wrong = { ...own, key: privateKey };
  const key = createAuthenticator(ORIGIN);
  expect(await browser.register(key, wrong)).toMatchObject(notAdded);
  expect((await browser.register(key, own)).status).toBe(201);
  expect((await browser.signIn(key)).status).toBe(201);
});

it('an algorithm that was not asked for is refused, also when this Node has it', async () => {
  await using app = await startTestApp();
  const { browser } = await app.enrol();
  for (const alg of [-48, -35])
    expect(
      await browser.register(createAuthenticator(ORIGIN), { alg }),
    ).toMatchObject(notAdded);
});

it('a session that ends during a registration adds no passkey', async () => {
  await using app = await startTestApp();
  const { browser } = await app.enrol();
  const thief = app.open();
  await thief.usePassword();
  const { body } = await thief.beginRegistration();
  // The user ends all other sessions, which is not committed yet.
  const client = await app.pool.connect();
  await client.query(
    'begin; delete from sessions where created_at = (select max(created_at) from sessions)',
  );
  const answer = createAuthenticator(ORIGIN).create(body);
  const attempt = thief.finishRegistration(answer);
  await untilWaiting(app.pool, 1);
  await client.query('commit');
  client.release();

  expect(await attempt).toMatchObject(notStored);
  expect(await browser.list()).toHaveLength(1);
});

it('a removal that stops halfway leaves no session of the passkey, and ends those that begin during it', async () => {
  await using app = await startTestApp();
  const { browser, key } = await app.enrol();
  const lost = createAuthenticator(ORIGIN);
  await browser.register(lost);
  const thief = app.open();
  await thief.signIn(lost);
  const current = await app.readSession(browser);
  const { sessions } = app.options;
  let calls = 0;
  const failing = createPasskeys({
    ...app.options,
    sessions: {
      ...sessions,
      logoutEverywhere: async (...args) => {
        calls += 1;
        if (calls !== 2) throw new Error('the store cannot be reached');
        await sessions.logoutEverywhere(...args);
      },
    },
  });

  await expect(failing.remove(current, lost.id)).rejects.toThrow(
    'reached',
  );
  expect(await browser.list()).toHaveLength(2);
  await expect(failing.remove(current, lost.id)).rejects.toThrow(
    'reached',
  );
  expect((await thief.me()).status).toBe(401);
  expect(await browser.list()).toMatchObject([{ id: key.id }]);

  const client = await app.pool.connect();
  await client.query('begin; select from passkeys for update');
  const removal = browser.remove(lost.id);
  await untilWaiting(app.pool, 1);
  await thief.usePassword();
  await client.query('commit');
  client.release();
  expect((await removal).status).toBe(204);
  expect((await thief.me()).status).toBe(401);
  expect((await browser.me()).status).toBe(200);
});

it('a passkey that moves to another user during a sign-in is not used', async () => {
  await using app = await startTestApp();
  const { browser, key } = await app.enrol(ADA, { counter: 5 });
  const bob = await app.enrol(BOB);
  const { userId } = (await bob.browser.me()).body;
  const client = await app.pool.connect();
  await client.query('begin; lock table passkeys in share mode');
  const attempt = browser.signIn(key, { counter: 9 });
  await untilWaiting(app.pool, 1);
  await client.query(
    'update passkeys set user_id = $1 where counter = 5',
    [userId],
  );
  await client.query('commit');
  client.release();

  expect(await attempt).toMatchObject(refused);
  const { rows } = await app.pool.query(
    'select counter, used_at from passkeys where id = $1',
    [key.id],
  );
  expect(rows).toEqual([{ counter: '5', used_at: null }]);
});

it('a session of the future is not fresh', async () => {
  await using app = await startTestApp();
  const { browser } = await app.enrol();
  const current = await app.readSession(browser);
  const { requireFresh } = createPasskeys(app.options);
  await requireFresh(current);
  const createdAt = new Date(Date.now() + 60_000);
  await expect(
    requireFresh({ ...current, createdAt }),
  ).rejects.toMatchObject({ code: 'sign_in_again' });
});

describe('the relying party', () => {
  it.each([
    ['', 'https://shop.example.com.'],
    ['', 'https://shop.example.com'],
    ['https://shop.example.com', 'https://shop.example.com'],
    ['shop.example.com:443', 'https://shop.example.com'],
    ['hop.example.com', 'https://shop.example.com'],
    ['blog.shop.example.com', 'https://shop.example.com'],
    ['shop.example.com', 'https://shop.example.com/'],
    ['shop.example.com', 'https://shop.example.com:443'],
    ['shop.example.com', 'https://SHOP.example.com'],
    ['shop.example.com', 'http://shop.example.com'],
    ['evil-localhost', 'http://evil-localhost'],
    ['localhost.evil.test', 'http://x.localhost.evil.test'],
    ['shop.example.com', 'shop.example.com'],
  ])('cannot be %j with the origin %s', async (id, origin) => {
    await using app = await startTestApp();
    const { rp } = app.options;
    const options = { ...app.options, rp: { ...rp, id } };
    // Each counts, not only the first.
    const isShop = id === rp.id;
    options.rp.origins = isShop ? [ORIGIN, origin] : [origin];
    expect(() => createPasskeySignIn(options)).toThrow(TypeError);
    expect(() => createPasskeyRegistration(options)).toThrow(TypeError);
  });

  it('has one or more origins, of which each is accepted', async () => {
    await using app = await startTestApp();
    const { key, browser } = await app.enrol();
    const { userId } = (await browser.me()).body;
    const second = 'https://m.shop.example.com:8443';
    const { rp } = app.options;
    const origins = [ORIGIN, second];
    const options = { ...app.options, rp: { ...rp, origins } };
    const signIn = createPasskeySignIn(options);
    const registration = createPasskeyRegistration(options);
    const own = 'x'.repeat(43);
    const login = { browser: own, device: 'test' };
    for (const origin of origins) {
      const answer = key.get(await signIn.begin(own), { origin });
      const token = await signIn.finish(answer, login);
      const session = await app.options.sessions.read(token);
      expect(session).toMatchObject({ userId, device: 'test' });
      if (!session) throw new Error('there is no session');
      const asked = await registration.begin(session, ADA);
      const response = createAuthenticator(ORIGIN).create(asked, {
        origin,
      });
      await registration.finish(session, { name: 'key', response });
    }
    for (const origin of ['http://localhost', 'http://a.localhost:80'])
      expect(() =>
        createPasskeySignIn({
          ...app.options,
          rp: {
            ...rp,
            id: 'localhost',
            origins: [new URL(origin).origin],
          },
        }),
      ).not.toThrow();
  });
});

it('an answer is refused without a parser before it, too', async () => {
  await using app = await startTestApp();
  const { browser: owner, key } = await app.enrol();
  const signIn = createPasskeySignIn(app.options);
  const browser = 'x'.repeat(43);
  for (const id of ['a\0b', '', 'a/b']) {
    const answer = { ...key.get(await signIn.begin(browser)), id };
    const login = { browser, device: 'test' };
    await expect(signIn.finish(answer, login)).rejects.toMatchObject({
      code: 'passkey_refused',
    });
  }
  // What the sender chose does not fill the log.
  const origin = `https://${'x'.repeat(50_000)}`;
  const long = key.get(await signIn.begin(browser), { origin });
  const login = { browser, device: 'test' };
  await expect(signIn.finish(long, login)).rejects.toThrow();
  const size = () => JSON.stringify(app.log.entries.at(-1)).length;
  expect(size()).toBeLessThan(500);

  const registration = createPasskeyRegistration(app.options);
  const session = await app.readSession(owner);
  const asked = await registration.begin(session, ADA);
  const response = createAuthenticator(ORIGIN).create(asked, {
    origin,
  });
  const lone = { name: 'a\ud800', response };
  await expect(
    registration.finish(session, lone),
  ).rejects.toMatchObject({
    code: 'invalid_name',
  });
  const input = { name: 'key', response };
  await expect(
    registration.finish(session, input),
  ).rejects.toMatchObject({
    code: 'passkey_refused',
  });
  expect(size()).toBeLessThan(500);
});

it('the cookie of the browser is found by its whole name', () => {
  const secret = 'x'.repeat(43);
  expect(readBrowser(`a=b; __Host-passkey=${secret}; c=d`)).toBe(
    secret,
  );
  expect(readBrowser(`__Host-passkey=${secret}`)).toBe(secret);
  const wrong = [
    `a__Host-passkey=${secret}`,
    `a=b;__Host-passkey=${secret}`,
    `__Host-passkey=${secret}x`,
    `__Host-passkey=${secret}, x`,
    undefined,
  ];
  for (const header of wrong)
    expect(readBrowser(header)).toBeUndefined();
});

it('JSON that no browser would send is answered with 400, 401 or 409, and never with 500', async () => {
  await using app = await startTestApp();
  const { browser, key } = await app.enrol();
  const bad = [
    null,
    1,
    'x',
    [],
    {},
    { response: null },
    { response: undefined },
    { response: { clientDataJSON: 1 } },
    { response: { clientDataJSON: 'bm8ganNvbg' } },
    { response: { clientDataJSON: toText(null) } },
    { response: { clientDataJSON: toText({ challenge: 'x' }) } },
    {
      response: {
        clientDataJSON: toText({ challenge: 'x'.repeat(44) }),
      },
    },
    {
      response: {
        clientDataJSON: toText({ challenge: `${'x'.repeat(42)}\0` }),
      },
    },
  ];
  await browser.beginSignIn();
  for (const response of bad) {
    expect(await browser.finishSignIn(response)).toMatchObject(
      malformed,
    );
    expect(await browser.finishRegistration(response)).toMatchObject(
      malformed,
    );
  }
  // The parser of bodies refuses some, such as NUL, with 400.
  const unsafe = ['a\0b', '\ud800', { toString: 1 }];
  const statuses = new Set<number>();
  for (const value of [...unsafe, undefined, 1, 'AAAA', [], {}]) {
    for (const part of ['id', 'type', 'rawId']) {
      const { body } = await browser.beginSignIn();
      const answer = { ...key.get(body), [part]: value };
      statuses.add((await browser.finishSignIn(answer)).status);
    }
    for (const part of [
      'authenticatorData',
      'signature',
      'userHandle',
    ]) {
      const { body } = await browser.beginSignIn();
      const answer = key.get(body);
      Object.assign(answer.response, { [part]: value });
      statuses.add((await browser.finishSignIn(answer)).status);
    }
    const { body } = await browser.beginRegistration();
    const answer = createAuthenticator(ORIGIN).create(body);
    Object.assign(answer.response, { attestationObject: value });
    statuses.add((await browser.finishRegistration(answer)).status);
  }
  expect([...statuses].toSorted()).toEqual([400, 401, 409]);
  const { body } = await browser.beginSignIn();
  const long = 'a'.repeat(1365);
  const tooLong = { ...key.get(body), id: long, rawId: long };
  expect(await browser.finishSignIn(tooLong)).toMatchObject(refused);
  expect(app.log.entries.at(-1)).toMatchObject({
    details: { reason: expect.stringMatching(/^not an ID/) },
  });
  for (const id of ['%00', 'x', 'a%2Fb', 'x'.repeat(1400)])
    expect((await browser.remove(id)).status).toBeLessThan(500);
  const errors = app.log.entries.filter(
    ({ level }) => level === 'error',
  );
  expect(errors).toEqual([]);
});

describe('the options', () => {
  it('ask the browser for a passkey that needs no name, with a user who is verified', async () => {
    await using app = await startTestApp();
    const { browser, key } = await app.enrol();
    const { userId } = (await browser.me()).body;

    const { body } = await browser.beginRegistration();

    expect(body).toMatchObject({
      rp: { id: 'shop.example.com', name: 'Corner Shop' },
      user: {
        id: Buffer.from(`${userId}`).toString('base64url'),
        name: ADA,
        displayName: '',
      },
      timeout: 300_000,
      attestation: 'none',
      // EdDSA, ES256 and RS256 on each version of Node.
      pubKeyCredParams: [-8, -7, -257].map((alg) => ({
        alg,
        type: 'public-key',
      })),
      authenticatorSelection: {
        residentKey: 'required',
        userVerification: 'required',
      },
      excludeCredentials: [{ id: key.id, type: 'public-key' }],
    });
  });

  it('of a sign-in name no passkey, so nobody learns who has one', async () => {
    await using app = await startTestApp();
    const { body, headers } = await app.open().beginSignIn();

    expect(body).toEqual({
      rpId: 'shop.example.com',
      challenge: expect.stringMatching(/^[\w-]{43}$/),
      timeout: 300_000,
      userVerification: 'required',
    });
    expect(headers.getSetCookie()).toEqual([
      expect.stringMatching(
        /^__Host-passkey=[\w-]{43}; Max-Age=3600; Path=\/; Secure; HttpOnly; SameSite=Strict$/,
      ),
    ]);
  });

  it('have a new challenge each, and the browser keeps its secret', async () => {
    await using app = await startTestApp();
    const { browser, key } = await app.enrol();
    // Two tabs.
    const one = (await browser.beginSignIn()).body;
    const secret = browser.jar.get('__Host-passkey');
    const two = (await browser.beginSignIn()).body;

    expect(one.challenge).not.toBe(two.challenge);
    expect(browser.jar.get('__Host-passkey')).toBe(secret);
    for (const body of [one, two])
      expect((await browser.finishSignIn(key.get(body))).status).toBe(
        201,
      );
  });
});

describe('a passkey', () => {
  it('has a name in one form of é, without control characters', async () => {
    await using app = await startTestApp();
    const { browser } = await app.enrol();
    // Among them what turns the rest of the line.
    const wrong = [
      '',
      ' ',
      'a\0',
      'a\nb',
      'a\x7f',
      '\ud800',
      'x'.repeat(101),
      'a\u202eb',
      'a\u2066b',
    ];
    for (const name of wrong) {
      const key = createAuthenticator(ORIGIN);
      expect(await browser.register(key, {}, name)).toMatchObject({
        status: 400,
      });
    }
    // A wrong name costs no second window.
    const { body: asked } = await browser.beginRegistration();
    const made = createAuthenticator(ORIGIN).create(asked);
    await browser.finishRegistration(made, '');
    const again = await browser.finishRegistration(made, 'a key');
    expect(again.status).toBe(201);
    const names = [
      ' Cle\u0301 👩‍💻 ',
      'x'.repeat(100),
      '😀'.repeat(100),
    ];
    for (const name of names) {
      const key = createAuthenticator(ORIGIN);
      const { status, body } = await browser.register(key, {}, name);
      expect(status).toBe(201);
      expect(body).toEqual({
        id: key.id,
        name: name.normalize('NFC').trim(),
      });
    }
    expect((await browser.list()).map(({ name }) => name)).toEqual([
      'a key',
      'a key',
      'Clé 👩‍💻',
      'x'.repeat(100),
      '😀'.repeat(100),
    ]);
  });

  it('shows whether it is backed up, as of its last use', async () => {
    await using app = await startTestApp();
    const { browser, key } = await app.enrol(ADA, {
      backupEligible: true,
    });
    expect(await browser.list()).toEqual([
      {
        id: key.id,
        name: 'a key',
        backedUp: false,
        createdAt: expect.any(String),
        usedAt: null,
      },
    ]);

    await browser.signIn(key, { backupEligible: true, backedUp: true });

    const [used] = await browser.list();
    expect(used).toMatchObject({ backedUp: true });
    expect(Date.parse(`${used?.usedAt}`)).toBeGreaterThan(
      Date.parse(`${used?.createdAt}`),
    );
    await browser.signIn(key, { backupEligible: true });
    expect(await browser.list()).toMatchObject([{ backedUp: false }]);
    const synced = { backupEligible: true, backedUp: true };
    const bob = await app.enrol(BOB, synced);
    expect(await bob.browser.list()).toMatchObject([
      { backedUp: true },
    ]);
  });

  it('cannot begin or cease to be one that is synced', async () => {
    await using app = await startTestApp();
    const { browser, key } = await app.enrol();
    const synced = { backupEligible: true, backedUp: true };
    expect(await browser.signIn(key, synced)).toMatchObject(refused);
    expect(app.log.entries.at(-1)).toMatchObject({
      details: { id: key.id, reason: 'other kind' },
    });
    // A backup of what cannot be backed up.
    expect(await browser.signIn(key, { backedUp: true })).toMatchObject(
      refused,
    );
    const bob = await app.enrol(BOB, synced);
    expect(await bob.browser.signIn(bob.key)).toMatchObject(refused);
    expect(
      await bob.browser.register(createAuthenticator(ORIGIN), {
        backedUp: true,
      }),
    ).toMatchObject(notAdded);
  });

  it('is one of twenty at most', async () => {
    await using app = await startTestApp();
    const { browser } = await app.enrol();
    for (let number = 2; number <= 19; number++)
      await browser.register(createAuthenticator(ORIGIN));
    const { body } = await browser.beginRegistration();
    const late = createAuthenticator(ORIGIN).create(body);
    const added = await browser.register(createAuthenticator(ORIGIN));
    expect(added.status).toBe(201);

    expect(await browser.finishRegistration(late)).toMatchObject(
      notStored,
    );
    expect(await browser.list()).toHaveLength(20);
    const bob = await app.enrol(BOB);
    expect(await bob.browser.list()).toHaveLength(1);
  });

  it('has an ID of at most 1023 bytes, and a key of at most 2048', async () => {
    await using app = await startTestApp();
    const { browser } = await app.enrol();
    const longest = createAuthenticator(ORIGIN);
    const id = randomBytes(1023);
    expect((await browser.register(longest, { id })).status).toBe(201);
    expect((await browser.signIn(longest, { id })).status).toBe(201);
    const longer = createAuthenticator(ORIGIN);
    expect(
      await browser.register(longer, { id: randomBytes(1024) }),
    ).toMatchObject(notStored);
    // With its parts, 2048 and 2049 bytes.
    const large = await browser.register(longer, { padding: 1967 });
    expect(large.status).toBe(201);
    expect(
      await browser.register(createAuthenticator(ORIGIN), {
        padding: 1968,
      }),
    ).toMatchObject(notStored);
  });

  it('is of one user: others do not see it, and cannot remove it', async () => {
    await using app = await startTestApp();
    const { browser, key } = await app.enrol();
    const bob = await app.enrol(BOB);
    await bob.browser.register(createAuthenticator(ORIGIN));

    expect((await bob.browser.remove(key.id)).status).toBe(204);

    expect(await browser.list()).toMatchObject([{ id: key.id }]);
    expect(await bob.browser.list()).toHaveLength(2);
    expect((await browser.me()).status).toBe(200);
  });

  it('goes with its user', async () => {
    await using app = await startTestApp();
    const { browser, key } = await app.enrol();
    const { body } = await browser.beginRegistration();
    await app.pool.query('delete from users');

    expect(await app.count('passkeys')).toBe(0);
    expect(await browser.signIn(key)).toMatchObject(refused);
    const late = createAuthenticator(ORIGIN).create(body);
    expect((await browser.finishRegistration(late)).status).toBe(401);
  });

  it('is removed while it is used, and the last one stays', async () => {
    await using app = await startTestApp();
    const { browser, key } = await app.enrol(ADA, { counter: 1 });
    const second = createAuthenticator(ORIGIN);
    await browser.register(second);
    const { body } = await browser.beginSignIn();
    const { unlock } = await lockTable(
      app.pool,
      'passkeys',
      'exclusive',
    );
    const use = app.pool.query(
      'update passkeys set counter = counter + 1 where id = $1',
      [key.id],
    );
    await untilWaiting(app.pool, 1);
    const removal = browser.remove(key.id);
    await untilWaiting(app.pool, 2);
    await unlock();
    await use;

    expect((await removal).status).toBe(204);
    expect(await browser.list()).toMatchObject([{ id: second.id }]);
    expect(await browser.remove(second.id)).toMatchObject(last);
    expect(await browser.finishSignIn(key.get(body))).toMatchObject(
      refused,
    );
  });
});

describe('challenges', () => {
  it('that are over go when others are given, ten at a time', async () => {
    await using app = await startTestApp();
    const browser = app.open();
    for (let times = 0; times < 12; times++)
      await browser.beginSignIn();
    expect(await app.count('passkey_challenges')).toBe(12);

    await app.wait(300);
    await browser.beginSignIn();
    expect(await app.count('passkey_challenges')).toBe(3);
    await browser.beginSignIn();
    expect(await app.count('passkey_challenges')).toBe(2);
  });

  it('that have been over longest go first', async () => {
    await using app = await startTestApp();
    const browser = app.open();
    const latest: string[] = [];
    for (let times = 0; times < 12; times++) {
      const { body } = await browser.beginSignIn();
      if (times < 2) latest.push(body.challenge);
    }
    await app.wait(300);
    await app.pool.query(
      `update passkey_challenges
     set expires_at = expires_at - interval '1 minute'
     where challenge <> all($1)`,
      [latest],
    );

    await browser.beginSignIn();

    const { rows } = await app.pool.query<{ challenge: string }>(
      'select challenge from passkey_challenges where expires_at < now()',
    );
    const left = rows.map(({ challenge }) => challenge);
    expect(left.toSorted()).toEqual(latest.toSorted());
  });

  it('do not wait for each other when old ones are locked', async () => {
    await using app = await startTestApp();
    const browser = app.open();
    await browser.beginSignIn();
    await app.wait(300);
    const client = await app.pool.connect();
    await client.query(
      'begin; select from passkey_challenges for update',
    );

    expect((await browser.beginSignIn()).status).toBe(200);

    await client.query('rollback');
    client.release();
  });

  it('need a secret that is not the same for all', async () => {
    await using app = await startTestApp();
    const { give } = createChallenges(app.options);
    const challenge = 'x'.repeat(43);
    const short = `sign-in ${'x'.repeat(35)}`;
    for (const asker of ['sign-in ', short])
      await expect(give(challenge, asker)).rejects.toThrow(TypeError);
    await give(challenge, `${short}x`);
  });
});

describe('the table', () => {
  it.each([
    [`id = ''`, 'passkeys_id_check'],
    [`id = 'a/b'`, 'passkeys_id_check'],
    [`id = repeat('a', 1365)`, 'passkeys_id_check'],
    [`name = ''`, 'passkeys_name_check'],
    [`name = repeat('a', 101)`, 'passkeys_name_check'],
    ['counter = -1', 'passkeys_counter_check'],
    ['backed_up = true', 'passkeys_check'],
    ['public_key = null', undefined],
    ['user_id = null', undefined],
    ['backup_eligible = null', undefined],
  ])('refuses %s', async (change, constraint) => {
    await using app = await startTestApp();
    await app.enrol();
    await expect(
      app.pool.query(`update passkeys set ${change}`),
    ).rejects.toMatchObject(
      constraint ? { constraint } : { code: '23502' },
    );
  });

  it('keeps counters of 32 bits, and times with their zone', async () => {
    await using app = await startTestApp();
    const { browser, key } = await app.enrol(ADA, { counter: 1 });
    const counter = 2 ** 32 - 1;
    expect((await browser.signIn(key, { counter })).status).toBe(201);
    const { rows } = await app.pool.query(
      `select distinct data_type as type
       from information_schema.columns
       where table_name in ('passkeys', 'passkey_challenges')
         and column_name like '%\\_at' and column_name <> 'asked_by'`,
    );
    expect(rows).toEqual([{ type: 'timestamp with time zone' }]);
  });

  it('keeps hashes of who asked, and finds rows by its indexes', async () => {
    await using app = await startTestApp();
    await app.open().beginSignIn();
    await expect(
      app.pool.query(`update passkey_challenges set asked_by = 'x'`),
    ).rejects.toMatchObject({
      constraint: 'passkey_challenges_asked_by_check',
    });
    const { rows } = await app.pool.query<{ definition: string }>(
      `select indexdef as definition from pg_indexes
       where indexname in ('passkeys_of_a_user',
         'passkey_challenges_by_end')
       order by indexname`,
    );
    expect(rows.map(({ definition }) => definition)).toEqual([
      expect.stringMatching(/passkey_challenges .*\(expires_at\)$/),
      expect.stringMatching(/passkeys .*\(user_id\)$/),
    ]);
  });
});

it('a sign-in of another site is refused, and a session replaces the one before', async () => {
  await using app = await startTestApp();
  const { browser, key } = await app.enrol();
  const headers = { 'sec-fetch-site': 'cross-site' };
  expect(
    await browser.call('POST', '/sessions/options', {}, headers),
  ).toMatchObject({ status: 403 });
  await browser.signIn(key);
  expect(await app.count('sessions')).toBe(1);
  const { rows } = await app.pool.query('select device from sessions');
  expect(rows).toEqual([{ device: 'Firefox' }]);
});

describe('the client of a page', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  it('adds a passkey, and signs in with it', async () => {
    await using page = await openPage();
    await page.usePassword();

    await addPasskey('Laptop');
    expect(await page.list()).toMatchObject([{ name: 'Laptop' }]);
    page.jar.clear();
    await signIn();

    expect((await page.me()).status).toBe(200);
    expect(page.asked).toEqual([undefined]);
  });

  it('throws the code of the answer', async () => {
    await using page = await openPage();
    await expect(addPasskey('Laptop')).rejects.toThrow('session_over');
    await page.usePassword();
    await addPasskey('Laptop');
    await expect(addPasskey('')).rejects.toThrow('invalid_name');
  });

  it('begins again after four minutes, until the user chooses', async () => {
    await using page = await openPage();
    await page.usePassword();
    await addPasskey('Laptop');
    page.jar.clear();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    page.hold();

    const offer = offerPasskeys(page.tell);
    for (const times of [1, 2]) {
      await untilAsked(page.asked, times);
      vi.advanceTimersByTime(239_999);
      expect(page.asked).toHaveLength(times);
      if (times === 2) page.choose();
      vi.advanceTimersByTime(1);
    }

    expect(await offer).toBe(true);
    expect(page.asked).toEqual([
      'conditional',
      'conditional',
      'conditional',
    ]);
  });

  it('gives way to another ceremony, also when that begins while it asks for options', async () => {
    await using page = await openPage();
    await page.usePassword();
    await addPasskey('Laptop');
    page.hold();
    const offer = offerPasskeys(page.tell);
    await waitUntil('it waits', () => page.asked.length === 1);
    page.choose();
    await signIn();
    expect(await offer).toBe(false);

    // This one begins while the offer asks for its options.
    const late = offerPasskeys(page.tell);
    const known = expect(addPasskey('Laptop')).rejects.toThrow(
      'not_added',
    );
    expect(await late).toBe(false);
    await known;
    expect(page.asked).toEqual(['conditional', undefined]);
    expect(page.told).toEqual([]);
  });

  it('goes on after a failure, and tells it', async () => {
    await using page = await openPage();
    await page.usePassword();
    await addPasskey('Laptop');
    page.jar.clear();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    page.goOffline();
    page.next.push(
      () => Promise.reject(new DOMException('no', 'NotAllowedError')),
      // As after a sleep of the laptop.
      () => page.wait(300),
    );

    const offer = offerPasskeys(page.tell);
    for (const times of [1, 2, 3]) {
      await untilAsked(page.told, times);
      const before = page.requests.length;
      vi.advanceTimersByTime(4999);
      await new Promise((resolve) => setImmediate(resolve));
      expect(page.told).toHaveLength(times);
      expect(page.requests).toHaveLength(before);
      vi.advanceTimersByTime(1);
    }

    expect(await offer).toBe(true);
    expect(page.told).toEqual(['offline', 'no', 'challenge_over']);
  });

  it('does not end an offer by the timer of the one before', async () => {
    await using page = await openPage();
    await page.usePassword();
    await addPasskey('Laptop');
    page.jar.clear();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    page.goOffline();
    page.hold();

    const offer = offerPasskeys(page.tell);
    await untilAsked(page.told, 1);
    vi.advanceTimersByTime(5000);
    await untilAsked(page.asked, 1);
    vi.advanceTimersByTime(239_999);
    await new Promise((resolve) => setImmediate(resolve));
    expect(page.told).toEqual(['offline']);
    page.choose();
    vi.advanceTimersByTime(1);

    expect(await offer).toBe(true);
  });

  it('offers nothing when the browser cannot', async () => {
    await using page = await openPage(false);
    expect(await offerPasskeys(page.tell)).toBe(false);
    expect(page.asked).toEqual([]);
  });
});

/** What a browser would encode. */
function toText(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

async function untilAsked(asked: unknown[], times: number) {
  while (asked.length < times)
    await new Promise((resolve) => setImmediate(resolve));
}

/** What a page passes to `navigator.credentials`. */
type Asked = {
  publicKey?: { challenge: ArrayBuffer; user: { id: ArrayBuffer } };
  mediation?: string;
  signal?: AbortSignal;
};

/** The globals of a browser, whose device is a test authenticator. */
async function openPage(hasAutofill = true) {
  const app = await startTestApp();
  const browser = app.open();
  const key = createAuthenticator(ORIGIN);
  const asked: unknown[] = [];
  const told: string[] = [];
  const next: (() => Promise<unknown>)[] = [];
  const requests: string[] = [];
  let isOffline = false;
  let isHeld = false;

  async function create({ publicKey }: Asked) {
    const challenge = toBase64url(publicKey?.challenge);
    const user = { id: toBase64url(publicKey?.user.id) };
    return toCredential(key.create({ challenge, user }));
  }
  async function get({ publicKey, mediation, signal }: Asked) {
    asked.push(mediation);
    await next.shift()?.();
    if (isHeld)
      await new Promise((_, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason));
      });
    const challenge = toBase64url(publicKey?.challenge);
    return toCredential(key.get({ challenge }));
  }
  const able = {
    isConditionalMediationAvailable: async () => hasAutofill,
  };
  const support = Object.assign(() => {}, able);
  vi.stubGlobal('PublicKeyCredential', support);
  vi.stubGlobal('document', { querySelectorAll: () => [{}] });
  vi.stubGlobal('navigator', { credentials: { create, get } });
  const network = fetch;
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    if (path.startsWith('http')) return network(path, init);
    requests.push(path);
    if (isOffline) {
      isOffline = false;
      throw new TypeError('offline');
    }
    const body = JSON.parse(`${init.body}`);
    const answer = await browser.call(`${init.method}`, path, body);
    return Response.json(answer.body, { status: answer.status });
  });
  return {
    ...browser,
    asked,
    requests,
    told,
    tell: (error: unknown) => {
      told.push(error instanceof Error ? error.message : 'no error');
    },
    /** What the device does before it answers. */
    next,
    wait: app.wait,
    goOffline: () => {
      isOffline = true;
    },
    hold: () => {
      isHeld = true;
    },
    choose: () => {
      isHeld = false;
    },
    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  };
}

type Answer = {
  id: string;
  response: Record<string, string | undefined>;
};

function toCredential({ id, response }: Answer) {
  const bytes = Object.entries(response).map(([name, text]) => [
    name,
    toBytes(`${text}`),
  ]);
  return {
    id,
    rawId: toBytes(id),
    type: 'public-key',
    response: Object.fromEntries(bytes),
    getClientExtensionResults: () => ({}),
  };
}

const toBytes = (text: string) =>
  new Uint8Array(Buffer.from(text, 'base64url')).buffer;

function toBase64url(bytes: ArrayBuffer | undefined): string {
  if (!bytes) throw new Error('no bytes');
  return Buffer.from(bytes).toString('base64url');
}
