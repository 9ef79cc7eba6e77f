import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import {
  setTimeout as pause,
  setImmediate,
} from 'node:timers/promises';
import { inspect } from 'node:util';
import { listen } from '@touchstone/kit/app/http';
import { untilWaiting } from '@touchstone/kit/postgres/locks';
import { startPostgres } from '@touchstone/kit/postgres/server';
import { findFreePort } from '@touchstone/kit/programs/free-port';
import { startTcpProxy } from '@touchstone/kit/proxies/tcp-proxy';
import { startRedis } from '@touchstone/kit/redis/redis';
import { failure } from '@touchstone/kit/testing/failure';
import { waitUntil } from '@touchstone/kit/time/wait';
import express from 'express';
import { Pool } from 'pg';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createPool } from '../../postgres/connection-pooling/create-pool.ts';
import { createApp } from './app.ts';
import { PASSWORD } from './authenticate.ts';
import { openRedis } from './open-redis.ts';
import { createPostgresSessions } from './postgres-sessions.ts';
import { createRedisSessions } from './redis-sessions.ts';
import { createSameOriginGuard } from './same-origin.ts';
import { createToken, hashToken, requireTimes } from './session.ts';
import { giveToken, readToken } from './session-cookie.ts';
import { ORIGIN, startTestApp } from './test-app.ts';
import { startBlackHole } from './test-black-hole.ts';
import { createAda, readCookie } from './test-client.ts';
import {
  logInAs,
  openTestStore,
  STORES,
  untilAnswered,
} from './test-stores.ts';

const HOUR = 60 * 60;
const DAY = 24 * HOUR;
const MINUTE = 60;
const storeError = {
  name: 'SessionStoreError',
  code: 'sessions_unavailable',
  status: 503,
};
const over = { status: 401, body: { code: 'session_over' } };

/** Both stores keep each promise; the error of one names it. */
async function withBoth(
  test: (store: (typeof STORES)[number]) => Promise<void>,
) {
  for (const store of STORES)
    try {
      await test(store);
    } catch (cause) {
      throw new Error(`with the store in ${store}`, { cause });
    }
}

failure(
  'An attacker plants a session before the login, or copies the cookie before a second factor',
  {
    symptom:
      '401 for the attacker: a login and a change of rights make a new token, and end the old one',
    defence: 'begin',
    remains:
      'A script of an attacker in your pages uses the new session',
  },
  () =>
    withBoth(async (store) => {
      await copyBeforeFactor(store);
      await using app = await startTestApp({ store });
      const invented = 'x'.repeat(43);
      const planted = await app.login();

      const cookie = `__Host-session=${planted}`;
      const token = await app.login({ cookie });

      expect(token).toMatch(/^[\w-]{43}$/);
      expect(token).not.toBe(planted);
      expect(await app.me(planted)).toMatchObject(over);
      expect((await app.me(token)).status).toBe(200);
      // What the server did not make is never a session.
      const other = await app.login({
        cookie: `__Host-session=${invented}`,
      });
      expect(other).not.toBe(invented);
      expect(await app.me(invented)).toMatchObject(over);
      expect((await app.me(other)).status).toBe(200);
    }),
);

failure(
  'A request is under way when its session ends',
  {
    symptom: 'It changes nothing, and the session stays ended',
    defence: 'write',
    remains:
      'The request itself goes on. A renewal at the same moment can win: then its new token lives',
  },
  () =>
    withBoth(async (store) => {
      await using app = await openTestStore({ store });
      const userId = await logInAs(app.pool, 'ada@example.com');
      const { begin, read, change, renew, logout, list } = app.sessions;
      const login = { userId, device: 'phone' };
      const token = await begin(login);
      await read(token);

      await logout(token);

      expect(await change(token, { theme: 'dark' })).toBe(false);
      expect(await renew(token, { mfa: 'yes' })).toBeUndefined();
      expect(await read(token)).toBeUndefined();
      expect(await list(userId)).toEqual([]);
      for (let round = 0; round < 20; round++) {
        const next = await begin(login);
        await Promise.all([
          change(next, { theme: 'dark' }),
          read(next),
          logout(next),
          change(next, { theme: 'light' }),
        ]);
        expect(await read(next)).toBeUndefined();
      }
      expect(await list(userId)).toEqual([]);
    }),
);

failure(
  'Two requests change the data of a session at once',
  {
    symptom: 'Both changes stay: the store merges them',
    defence: 'write',
    remains:
      'Of the same key, the last value stays: keep counters and carts in tables of your own',
  },
  () =>
    withBoth(async (store) => {
      await using app = await startTestApp({ store });
      const token = await app.login();
      const set = (body: object) =>
        app.sendWith(token, 'PATCH', '/settings', body);

      for (let round = 0; round < 10; round++) {
        const theme = `theme ${round}`;
        const language = `language ${round}`;
        const answers = await Promise.all([
          set({ theme }),
          set({ language }),
        ]);
        expect(answers.map(({ status }) => status)).toEqual([204, 204]);
        const { body } = await app.me(token);
        expect(body).toMatchObject({ theme, language });
      }
      await set({ theme: null });
      const { body } = await app.me(token);
      expect(Object.keys(body)).toEqual(['userId', 'language']);
    }),
);

failure(
  'A page of another site or of a subdomain sends a forged request, or a forged login',
  {
    symptom:
      '403 `cross_site_request` before any route runs, and no cookie',
    defence: 'require-same-origin',
    remains:
      'A GET is let through: it must change nothing. Check WebSockets too: their first request is a GET',
  },
  async () => {
    await using app = await startTestApp({ store: 'postgres' });
    const token = await app.login();
    const cookie = `__Host-session=${token}`;
    const refused = {
      status: 403,
      body: {
        code: 'cross_site_request',
        detail: 'Send this request from a page of this site',
      },
    };

    const foreign: Record<string, string>[] = [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'same-origin, cross-site' },
      { 'sec-fetch-site': 'none, cross-site' },
      // A browser older than 2023.
      { origin: 'https://evil.example.org' },
      { origin: 'https://blog.example.com' },
      { origin: 'http://shop.example.com' },
      { origin: `${ORIGIN}.evil.example.org` },
      { origin: `${ORIGIN}:8443` },
      { origin: 'null' },
    ];
    for (const headers of foreign)
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
        const path = '/sessions/current';
        const all = { headers: { ...headers, cookie } };
        expect(await app.send(method, path, all)).toMatchObject(
          refused,
        );
      }
    const forged = await app.send('POST', '/sessions', {
      headers: { 'sec-fetch-site': 'cross-site' },
      body: { email: 'eve@example.com', password: PASSWORD },
    });
    expect(forged).toMatchObject(refused);
    expect(forged.headers.getSetCookie()).toEqual([]);

    expect((await app.me(token)).status).toBe(200);
    const headers = { cookie, 'sec-fetch-site': 'cross-site' };
    expect((await app.send('GET', '/me', { headers })).status).toBe(
      200,
    );
    const own: Record<string, string>[] = [
      { 'sec-fetch-site': 'same-origin', origin: 'null' },
      { 'sec-fetch-site': 'none' },
      { origin: ORIGIN },
      {},
    ];
    for (const headers of own) {
      const next = await app.login(headers);
      expect((await app.me(next)).status).toBe(200);
    }
  },
);

failure(
  'A subdomain, or a page over plain HTTP, sets a cookie of the same name',
  {
    symptom:
      'The browser refuses it: the name begins with `__Host-`. The server reads no other name',
    defence: 'cookie',
    remains:
      'An attacker who controls the DNS name of your app can set its cookies',
  },
  async () => {
    await using app = await startTestApp({ store: 'postgres' });
    const answer = await app.send('POST', '/sessions', {
      body: { email: 'ada@example.com', password: PASSWORD },
    });
    const token = readCookie(answer);

    expect(answer.headers.getSetCookie()).toEqual([
      `__Host-session=${token}; Max-Age=2592000; Path=/; Secure; HttpOnly; SameSite=Lax`,
    ]);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    for (const name of [
      'session',
      '__Secure-session',
      '__host-session',
      'x__Host-session',
      '__Host-session2',
    ]) {
      const headers = { cookie: `${name}=${token}` };
      const me = await app.send('GET', '/me', { headers });
      expect(me).toMatchObject(over);
    }
  },
);

failure(
  'A stolen cookie is used for months, and the clock of an app server is wrong',
  {
    symptom:
      '401 after 7 days without a request (up to a minute earlier), and after 30 days in any case, by the clock of the store',
    defence: 'read',
    remains:
      'Until then it works. When the clock of the store steps, sessions end earlier or later by the difference',
  },
  () =>
    withBoth(async (store) => {
      await useWrongClock(store);
      await using app = await startTestApp({ store });
      const idle = await app.login();
      const used = await app.login();

      await app.wait(7 * DAY - 30);
      expect((await app.me(used)).status).toBe(200);
      await app.wait(60);
      expect(await app.me(idle)).toMatchObject(over);
      for (let week = 1; week <= 3; week++) {
        await app.wait(7 * DAY - 120);
        expect((await app.me(used)).status).toBe(200);
        await app.login(); // no later login makes an earlier one last
      }

      await app.wait(2 * DAY + 60);
      expect((await app.me(used)).status).toBe(200);
      await app.wait(300);
      expect(await app.me(used)).toMatchObject(over);
      expect(await app.sendCode(used)).toMatchObject(over);
      expect(await app.sessions.list(await adaOf(app))).toHaveLength(1);
    }),
);

failure(
  'A user loses a phone, or changes a password that leaked',
  {
    symptom:
      '401 at the next request of that device, on every instance; other sessions go on',
    defence: 'logout',
    remains:
      'A login whose password is being checked at that moment can begin after it: change the password first',
  },
  () =>
    withBoth(async (store) => {
      await using app = await startTestApp({ store });
      const laptop = await app.login();
      const agent = { 'user-agent': 'Safari on iPhone' };
      const phone = await app.other.login(agent);
      const tablet = await app.login();
      expect((await app.other.me(laptop)).status).toBe(200);
      expect((await app.me(phone)).status).toBe(200);

      const devices = await app.listDevices(laptop);
      expect(devices).toEqual([
        device('Firefox on Linux', false),
        device('Safari on iPhone', false),
        device('Firefox on Linux', true),
      ]);
      const [, { id = '' } = {}] = devices;
      const path = `/sessions/${id}`;
      const { status } = await app.sendWith(laptop, 'DELETE', path);
      expect(status).toBe(204);

      for (const instance of [app, app.other]) {
        expect(await instance.me(phone)).toMatchObject(over);
        expect((await instance.me(tablet)).status).toBe(200);
      }
      await app.sendWith(laptop, 'DELETE', '/sessions');
      for (const instance of [app, app.other]) {
        expect(await instance.me(tablet)).toMatchObject(over);
        expect((await instance.me(laptop)).status).toBe(200);
      }
      await app.sessions.logoutEverywhere(await adaOf(app));
      for (const instance of [app, app.other])
        expect(await instance.me(laptop)).toMatchObject(over);
    }),
);

failure(
  'Somebody reads the table, a backup or the keys of Redis',
  {
    symptom: '401 for everything that is in it: only hashes are stored',
    defence: 'create-and-hash',
    remains:
      'It shows who is logged in, with which browsers, and the data of sessions',
  },
  () =>
    withBoth(async (store) => {
      await using app = await startTestApp({ store });
      const token = await app.login();
      const stored =
        store === 'postgres'
          ? JSON.stringify(
              (
                await app.pool.query(
                  'select sessions::text from sessions',
                )
              ).rows,
            )
          : await dump(app);
      expect(stored).toContain('Firefox on Linux');
      expect(stored).toContain(hashToken(token).toString('hex'));
      for (const form of [
        token,
        Buffer.from(token).toString('hex'),
        Buffer.from(token, 'base64url').toString('hex'),
      ])
        for (let start = 0; start < form.length - 12; start++)
          expect(stored).not.toContain(form.slice(start, start + 12));

      const hash = createHash('sha256').update(token);
      for (const encoding of ['base64url', 'hex'] as const) {
        const value = hash.copy().digest(encoding).slice(0, 43);
        expect(await app.me(value)).toMatchObject(over);
      }
      const { id = '' } = (await app.sessions.read(token)) ?? {};
      for (const value of [id, id.replaceAll('-', '').padEnd(43, '0')])
        expect(await app.me(value)).toMatchObject(over);
      const insert = `insert into sessions (token_hash, user_id, device, data, ends_at)
        select $1, id, '', '{}', now() from users`;
      await expect(
        app.pool.query(insert, [Buffer.from(token)]),
      ).rejects.toThrow('sessions_token_hash_check');
    }),
);

failure(
  'The store cannot be reached, is frozen or full',
  {
    symptom:
      '503 `sessions_unavailable` after a second, `/readyz` is 503, the process lives, and no cookie is taken away',
    defence: 'answer-in-time',
    remains:
      'What was sent to a frozen store may be done later: a login then leaves a session that no browser has. After a crash or a failover of Redis, the last logins are lost, and the last logouts too',
  },
  async () => {
    await losePostgres();
    await using redis = await startRedis();
    await using app = await startTestApp({ store: 'redis', redis });
    const token = await app.login();
    const other = await app.login();
    await untilReady(app, 200);
    const unavailable = {
      status: 503,
      body: { code: 'sessions_unavailable' },
    };

    await redis.signal('SIGSTOP');
    const start = performance.now();
    const answers = await Promise.all([
      app.me(token),
      app.sendCode(other),
      app.sendWith(other, 'DELETE', '/sessions/current'),
    ]);
    expect(performance.now() - start).toBeLessThan(30_000);
    for (const answer of answers) {
      expect(answer).toMatchObject(unavailable);
      expect(answer.headers.getSetCookie()).toEqual([]);
    }
    await untilReady(app, 503);
    expect((await fetch(`${app.url}/livez`)).status).toBe(200);

    await redis.signal('SIGCONT');
    await untilReady(app, 200);
    expect((await app.me(token)).status).toBe(200);
    // What was sent to the frozen Redis was done in the end.
    expect(await app.me(other)).toMatchObject(over);

    await redis.kill();
    expect(await app.me(token)).toMatchObject(unavailable);
    await untilReady(app, 503);
    await redis.start();
    await untilReady(app, 200);
    expect(await app.me(token)).toMatchObject(over);
    const next = await app.login();
    expect((await app.me(next)).status).toBe(200);

    // Full, it refuses to write: sessions go on, and a logout works.
    await app.wait(120);
    await app.client.configSet('maxmemory', '1');
    expect(await app.sendCode(next)).toMatchObject(unavailable);
    expect((await app.me(next)).status).toBe(200);
    await app.sendWith(next, 'DELETE', '/sessions/current');
    expect(await app.me(next)).toMatchObject(over);
    expect(JSON.stringify(app.log.entries)).not.toContain(token);
  },
);

it('connects again when a host dies and the connection to Redis swallows all packets', async () => {
  await using redis = await startRedis();
  await using hole = await startBlackHole(redis.port);
  const entries: string[] = [];
  const { send, close } = openRedis(hole.url, {
    warn: (message) => entries.push(message),
  });
  onTestFinished(close);
  const sessions = createRedisSessions({ send, timeoutMs: 300 });
  await untilAnswered(sessions);
  const token = await sessions.begin({
    userId: randomUUID(),
    device: 'x',
  });

  // The next connection hears nothing either, not even a greeting.
  hole.swallow(2);
  await expect(sessions.read(token)).rejects.toMatchObject({
    code: 'sessions_unavailable',
  });
  await untilAnswered(sessions);

  expect(await sessions.read(token)).toBeDefined();
  expect(hole.countAccepted()).toBe(3);
  expect(
    entries.filter((entry) => entry === 'redis is silent'),
  ).toEqual(['redis is silent']);
});

failure(
  'Redis drops the list of the sessions of a user, to make room',
  {
    symptom:
      '401 for these sessions: one that no logout can find must not go on',
    defence: 'find',
    remains:
      'Users log in again: set `maxmemory-policy noeviction`, or give sessions a Redis of their own',
  },
  async () => {
    await using app = await startTestApp({ store: 'redis' });
    const token = await app.login();
    const userId = await adaOf(app);

    expect(await app.client.del(`${app.prefix}user:${userId}`)).toBe(1);

    expect(await app.me(token)).toMatchObject(over);
    expect(await app.sendCode(token)).toMatchObject(over);
    const next = await app.login();
    expect(await app.me(token)).toMatchObject(over);
    expect((await app.me(next)).status).toBe(200);
    expect(await app.sessions.list(userId)).toHaveLength(1);
  },
);

it('ends the session that was used longest ago when a script logs in again and again', () =>
  withBoth(async (store) => {
    await using app = await openTestStore({ store });
    const userId = await adaOf(app);
    const bob = await logInAs(app.pool, 'bob@example.com');
    const { begin, read, list } = app.sessions;
    const ofBob = await begin({ userId: bob, device: 'phone' });
    const oldest = await begin({ userId, device: 'oldest' });
    await app.wait(70);
    const unused = await begin({ userId, device: 'unused' });
    await app.wait(70);
    await read(oldest);
    await app.wait(70);
    for (let index = 0; index < 98; index++)
      await begin({ userId, device: 'script' });
    expect(await list(userId)).toHaveLength(100);
    expect(await read(unused)).toBeDefined();
    // It has just been used; now the oldest use is the other one.
    await app.wait(70);
    await read(oldest);
    await read(unused);
    await app.wait(70);
    await read(oldest);

    for (let index = 0; index < 99; index++)
      await begin({ userId, device: 'script' });

    const devices = (await list(userId)).map(({ device }) => device);
    expect(devices).toHaveLength(100);
    expect(devices).toContain('oldest');
    expect(devices).not.toContain('unused');
    expect(await read(unused)).toBeUndefined();
    expect(await read(oldest)).toBeDefined();
    expect(await read(ofBob)).toBeDefined();
    if (store === 'postgres') await countWithoutEnded(app, userId);
    else expect(await countKeys(app)).toBe(100 + 1 + 2);
  }));

it('changes nothing of another program that has a key in Redis where the list of a user would be', async () => {
  await using app = await openTestStore({ store: 'redis' });
  const userId = await adaOf(app);
  const { begin, list, logoutDevice, logoutEverywhere } = app.sessions;
  const key = `${app.prefix}user:${userId}`;
  const id = randomUUID();
  const hash = 'ab'.repeat(32);
  const foreign: Record<string, string>[] = [
    { name: 'Bob', plan: 'pro' },
    { [id]: 'pro' },
    { [id]: `${hash}0` },
    { [id]: `${hash.slice(1)}-` },
    { [`${id}0`]: hash },
    { ['x'.repeat(36)]: hash },
  ];

  for (const fields of foreign) {
    await app.client.hSet(key, fields);
    for (const refusal of [
      begin({ userId, device: 'phone' }),
      list(userId),
      logoutEverywhere(userId),
    ])
      await expect(refusal).rejects.toMatchObject({
        code: 'sessions_unavailable',
        cause: {
          message: expect.stringContaining('another program'),
        },
      });
    for (const field of Object.keys(fields))
      expect(await logoutDevice(userId, field)).toBe(false);
    expect({ ...(await app.client.hGetAll(key)) }).toEqual(fields);
    expect(await app.client.ttl(key)).toBe(-1);
    await app.client.del(key);
  }
  await app.client.set(key, '42');
  for (let index = 0; index < 3; index++)
    await expect(
      begin({ userId, device: 'phone' }),
    ).rejects.toMatchObject({ code: 'sessions_unavailable' });
  expect(await app.client.keys(`${app.prefix}*`)).toEqual([key]);
  expect(await app.client.get(key)).toBe('42');
});

it('writes once a minute when a session was used, no matter how many requests come at once', () =>
  withBoth(async (store) => {
    await using app = await openTestStore({ store });
    const userId = await logInAs(app.pool, 'ada@example.com');
    const token = await app.sessions.begin({
      userId,
      device: 'phone',
    });
    const readAll = () =>
      Promise.all(
        Array.from({ length: 50 }, () => app.sessions.read(token)),
      );
    const count = await countTouches(app, store);

    await readAll();
    expect(await count()).toBe(0);
    await app.wait(59);
    await readAll();
    expect(await count()).toBe(0);
    await app.wait(2);
    await readAll();
    expect(await count()).toBe(1);
    await readAll();
    expect(await count()).toBe(1);
  }));

it('deletes sessions that are over in batches, and waits for no lock', async () => {
  await using app = await openTestStore({ store: 'postgres' });
  const userId = await logInAs(app.pool, 'ada@example.com');
  const login = { userId, device: 'phone' };
  for (let index = 0; index < 5; index++)
    await app.sessions.begin(login);
  await app.wait(30 * DAY - 60);
  const token = await app.sessions.begin(login);
  expect(await app.deleteExpired()).toBe(0);
  await app.wait(60);

  // Another instance sweeps too: neither waits for the other.
  const client = await app.pool.connect();
  await client.query(`begin; select from sessions
      where id = (select id from sessions order by ends_at limit 1)
      for update`);
  expect(await app.deleteExpired(3)).toBe(3);
  expect(await app.deleteExpired(3)).toBe(1);
  expect(await app.deleteExpired(3)).toBe(0);
  await client.query('commit');
  client.release();
  expect(await app.deleteExpired()).toBe(1);
  expect(await app.sessions.read(token)).toBeDefined();
  await app.pool.query(
    `insert into sessions (token_hash, user_id, device, data, ends_at)
     select sha256(n::text::bytea), $1, '', '{}', now()
     from generate_series(1, 1001) n`,
    [userId],
  );
  expect(await app.deleteExpired()).toBe(1000);

  await using inRedis = await openTestStore({ store: 'redis' });
  const id = await logInAs(inRedis.pool, 'ada@example.com');
  await inRedis.sessions.begin({ userId: id, device: 'phone' });
  const keys = () => inRedis.client.keys(`${inRedis.prefix}*`);
  expect(await keys()).toHaveLength(2);
  await inRedis.wait(30 * DAY);
  expect(await keys()).toEqual([]);
});

it('refuses a megabyte, NUL or half a character for the session to keep, and keeps what it had', () =>
  withBoth(async (store) => {
    await using app = await startTestApp({ store });
    const token = await app.login();
    const set = (theme: string) =>
      app.sendWith(token, 'PATCH', '/settings', { theme });
    await set('dark');

    for (const theme of [
      'x'.repeat(2037),
      '€'.repeat(679),
      'a\0b',
      'a\ud800b',
    ])
      expect(await set(theme)).toMatchObject({ status: 400 });
    expect(await set('x'.repeat(2037))).toMatchObject({
      body: {
        code: 'invalid_session_data',
        detail: 'data has more than 2048 bytes',
      },
    });
    const { change, begin, read, renew } = app.sessions;
    const refused = {
      code: 'invalid_session_data',
      status: 400,
    };
    const login = { userId: await adaOf(app), device: 'phone' };
    const wrong: object[] = [
      { theme: 'x'.repeat(2037) },
      { a: 'x'.repeat(1020), b: 'x'.repeat(1020) },
      { theme: '\0' },
      { theme: '\udfff' },
      // JSON that no schema has checked.
      { theme: true },
      { theme: { dark: 'yes' } },
      { '': 'x' },
      { 'a\0b': 'x' },
      { '\ud800': 'x' },
      { ['a'.repeat(65)]: 'x' },
      { 'a b': 'x' },
      { theme: 'dark', 'a b': 'x' },
      JSON.parse('{"__proto__":"x"}'),
    ];
    for (const data of wrong as Record<string, string>[])
      for (const refusal of [
        change(token, data),
        renew(token, data),
        begin({ ...login, data }),
      ])
        await expect(refusal).rejects.toMatchObject(refused);

    const { body } = await app.me(token);
    expect(body.theme).toBe('dark');
    for (const theme of [
      'x'.repeat(2036),
      '€'.repeat(678),
      '',
      '😀"',
    ]) {
      expect(await change(token, { theme })).toBe(true);
      const session = await read(token);
      expect(session?.data).toEqual({ theme });
    }
    expect(await change(token, { Theme: 'x' })).toBe(true);
  }));

it('answers 2,000 requests at once from a Redis that works', async () => {
  await using app = await openTestStore({
    store: 'redis',
    timeoutMs: 60_000,
  });
  const userId = await logInAs(app.pool, 'ada@example.com');
  const token = await app.sessions.begin({ userId, device: 'phone' });

  const found = await Promise.all(
    Array.from({ length: 2000 }, () => app.sessions.read(token)),
  );

  expect(found.every((session) => session?.userId === userId)).toBe(
    true,
  );
});

it('answers 503 in time while Postgres is frozen, with any pool, and goes on after it', async () => {
  await using server = await startPostgres();
  const pool = new Pool({ connectionString: server.url, max: 2 });
  pool.on('error', () => {});
  onTestFinished(() => pool.end());
  const schema = new URL('schema.sql', import.meta.url);
  await pool.query(readFileSync(schema, 'utf8'));
  const userId = await logInAs(pool, 'ada@example.com');
  const sessions = createPostgresSessions({ pool, timeoutMs: 500 });
  const token = await sessions.begin({ userId, device: 'phone' });
  const { rows } = await pool.query<{ pid: number }>(
    `select pid from pg_stat_activity
     union
     select split_part(pg_read_file('postmaster.pid'), e'\\n', 1)::int`,
  );
  const signal = (name: NodeJS.Signals) => {
    for (const { pid } of rows) process.kill(pid, name);
  };

  signal('SIGSTOP');
  try {
    const start = performance.now();
    const refusals = [
      sessions.read(token),
      sessions.change(token, { theme: 'dark' }),
      sessions.begin({ userId, device: 'watch' }),
      sessions.list(userId),
      sessions.logout('another'),
      sessions.logoutEverywhere('0'.repeat(8) + userId.slice(8)),
      sessions.logoutDevice(userId, userId),
    ];
    for (const refusal of refusals)
      await expect(refusal).rejects.toMatchObject({
        ...storeError,
        cause: { message: 'timeout' },
      });
    expect(performance.now() - start).toBeLessThan(30_000);
  } finally {
    signal('SIGCONT');
  }

  await untilAnswered(sessions);
  expect(await sessions.read(token)).toBeDefined();
});

it('is read from a Postgres that refuses to write', async () => {
  await using app = await openTestStore({ store: 'postgres' });
  const userId = await logInAs(app.pool, 'ada@example.com');
  const token = await app.sessions.begin({ userId, device: 'phone' });
  await app.wait(2 * MINUTE);

  for (const option of [
    'default_transaction_read_only=on',
    'default_transaction_isolation=repeatable\\ read',
  ]) {
    const pool = new Pool({
      connectionString: app.databaseUrl,
      options: `-c ${option}`,
    });
    const { read } = createPostgresSessions({ pool });
    for (let round = 0; round < 5; round++) {
      const found = await Promise.all(
        Array.from({ length: 20 }, () => read(token)),
      );
      for (const session of found) expect(session?.userId).toBe(userId);
      await app.wait(2 * MINUTE);
    }
    await pool.end();
  }
});

it('is read from Postgres while somebody makes an index, or holds the row', async () => {
  await using app = await openTestStore({
    store: 'postgres',
    timeoutMs: 10_000,
  });
  const userId = await logInAs(app.pool, 'ada@example.com');
  const token = await app.sessions.begin({ userId, device: 'phone' });
  await app.wait(2 * MINUTE);
  const client = await app.pool.connect();
  const query = vi.spyOn(app.pool, 'query');

  // `create index` takes the first; only that one is waited for.
  for (const [lock, refusals] of [
    ['lock table sessions in share mode', 1],
    ['select from sessions for share', 0],
    ['select from sessions for update', 0],
  ] as const) {
    await client.query(`begin; ${lock}`);
    query.mockClear();
    const start = performance.now();
    expect(await app.sessions.read(token)).toBeDefined();
    expect(performance.now() - start).toBeLessThan(5000);
    const sent = query.mock.results.map(({ value }) => value);
    // Nothing is under way that could meet the next request.
    expect(inspect(sent)).not.toContain('<pending>');
    const answers = await Promise.allSettled(sent);
    expect(
      answers.filter(({ status }) => status === 'rejected'),
    ).toHaveLength(refusals);
    await client.query('rollback');
  }
  client.release();
  // The short limit was of that transaction alone.
  const { rows } = await app.pool.query('show lock_timeout');
  expect(rows).toEqual([{ lock_timeout: '0' }]);
});

it('is read from a Redis that refuses to write', async () => {
  await using redis = await startRedis();
  await using app = await openTestStore({ store: 'redis', redis });
  const userId = await logInAs(app.pool, 'ada@example.com');
  const login = { userId, device: 'phone' };
  const token = await app.sessions.begin(login);
  await app.wait(2 * MINUTE);
  await app.client.configSet('min-replicas-to-write', '1');

  expect(await app.sessions.read(token)).toMatchObject({ userId });
  for (const refusal of [
    app.sessions.begin(login),
    app.sessions.change(token, { theme: 'dark' }),
    app.sessions.logout(token),
  ])
    await expect(refusal).rejects.toMatchObject({
      ...storeError,
      cause: { message: expect.stringContaining('NOREPLICAS') },
    });
});

it('does not end as idle in a full Redis when it is used', async () => {
  await using redis = await startRedis();
  await using app = await openTestStore({ store: 'redis', redis });
  const userId = await logInAs(app.pool, 'ada@example.com');
  const token = await app.sessions.begin({ userId, device: 'phone' });

  for (let day = 0; day < 10; day++) {
    await app.client.configSet('maxmemory', '0');
    await app.wait(24 * 60 * MINUTE);
    await app.client.configSet('maxmemory', '1');
    expect(await app.sessions.read(token)).toBeDefined();
  }
});

it('stays ended when Redis crashes, if it writes each command to the disk first', async () => {
  const durable = ['--appendonly', 'yes', '--appendfsync', 'always'];
  expect(await endAndCrash(durable)).toBeUndefined();
  // With snapshots, as by default, it lives again.
  expect(await endAndCrash([])).toBeDefined();
});

describe('the connection to Redis', () => {
  /** Its times pass only when the test says so. */
  async function openHeld(connection: { url: string }) {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const entries: string[] = [];
    const opened = openRedis(connection.url, {
      warn: (message) => entries.push(message),
    });
    onTestFinished(() => {
      if (opened.client.isOpen) opened.close();
    });
    const ping = vi.spyOn(opened.client, 'ping');
    const untilReady = () =>
      waitUntil('it is connected', () => opened.client.isReady);
    const countSilent = () =>
      entries.filter((entry) => entry === 'redis is silent').length;
    return { ...opened, ping, untilReady, countSilent };
  }

  it('is asked once a second, and replaced after three questions without an answer', async () => {
    await using redis = await startRedis();
    await using hole = await startBlackHole(redis.port);
    const held = await openHeld(hole);
    await held.untilReady();
    vi.advanceTimersByTime(999);
    expect(held.ping).toHaveBeenCalledTimes(0);
    vi.advanceTimersByTime(1);
    expect(held.ping).toHaveBeenCalledTimes(1);
    await held.ping.mock.results[0]?.value;

    for (const round of [1, 2]) {
      hole.swallow(round);
      vi.advanceTimersByTime(3000);
      expect(held.ping).toHaveBeenCalledTimes(1 + 3 * round);
      expect(held.countSilent()).toBe(round - 1);
      vi.advanceTimersByTime(1000);
      expect(held.ping).toHaveBeenCalledTimes(1 + 3 * round);
      expect(held.countSilent()).toBe(round);
      // While it connects, nothing is asked.
      vi.advanceTimersByTime(5000);
      expect(held.ping).toHaveBeenCalledTimes(1 + 3 * round);
      await held.untilReady();
      expect(hole.countAccepted()).toBe(round + 1);
    }
  });

  it('stays when the answer is an error', async () => {
    await using redis = await startRedis();
    await using hole = await startBlackHole(redis.port);
    const held = await openHeld(hole);
    await held.untilReady();
    // Without the permission, the answer to a ping is an error.
    await held.send(['ACL', 'SETUSER', 'default', '-ping']);

    for (let second = 1; second <= 10; second++) {
      vi.advanceTimersByTime(1000);
      const asked = held.ping.mock.results[second - 1]?.value;
      await expect(asked).rejects.toThrow('NOPERM');
    }

    expect(held.countSilent()).toBe(0);
    expect(hole.countAccepted()).toBe(1);
  });

  it('has 10,000 commands under way at most, and is replaced when they get no answer', async () => {
    await using redis = await startRedis();
    await using hole = await startBlackHole(redis.port);
    const held = await openHeld(hole);
    await held.untilReady();
    hole.swallow(1);
    const under = Array.from({ length: 10_000 }, () =>
      held.send(['GET', 'x']),
    );
    const lost = Promise.allSettled(under);

    await expect(held.send(['GET', 'x'])).rejects.toThrow('full');
    for (let second = 0; second < 4; second++) {
      vi.advanceTimersByTime(1000);
      await setImmediate();
    }

    expect(held.countSilent()).toBe(1);
    for (const { status } of await lost)
      expect(status).toBe('rejected');
    await held.untilReady();
  });

  it('lets no command wait for it, and is tried again at another moment by each instance', async () => {
    const timers = process.getBuiltinModule('node:timers/promises');
    const pauses: (number | undefined)[] = [];
    using _pause = vi
      .spyOn(timers, 'setTimeout')
      .mockImplementation(async (milliseconds, value) => {
        pauses.push(milliseconds);
        await setImmediate();
        return value as NonNullable<typeof value>;
      });
    using _random = vi
      .spyOn(Math, 'random')
      .mockReturnValueOnce(0)
      .mockReturnValueOnce(0.5)
      .mockReturnValue(1);
    const port = await findFreePort();
    const held = await openHeld({ url: `redis://127.0.0.1:${port}` });

    await expect(held.send(['GET', 'x'])).rejects.toThrow('offline');
    while (pauses.length < 3) await setImmediate();
    vi.advanceTimersByTime(10_000);
    held.close();

    expect(pauses.slice(0, 3)).toEqual([500, 1000, 1500]);
    expect(held.ping).not.toHaveBeenCalled();
    expect(held.countSilent()).toBe(0);
  });

  it('is kept while nothing is asked for most of a second', async () => {
    await using redis = await startRedis();
    await using hole = await startBlackHole(redis.port);
    const held = await openHeld(hole);
    await held.untilReady();

    await pause(800);

    await held.send(['GET', 'x']);
    expect(hole.countAccepted()).toBe(1);
  });

  it('ends with all that belongs to it', async () => {
    await using redis = await startRedis();
    const held = await openHeld(redis);
    await held.untilReady();
    expect(vi.getTimerCount()).toBe(1);

    held.close();

    expect(vi.getTimerCount()).toBe(0);
    expect(held.client.isOpen).toBe(false);
  });
});

/** An app server whose clock is wrong by months. */
async function useWrongClock(store: (typeof STORES)[number]) {
  await using app = await openTestStore({ store });
  const userId = await logInAs(app.pool, 'ada@example.com');
  const login = { userId, device: 'phone' };
  onTestFinished(() => void vi.useRealTimers());
  const now = Date.now();

  for (const wrong of [now + 90 * DAY * 1000, 0]) {
    vi.useFakeTimers({ toFake: ['Date'], now: wrong });
    const token = await app.sessions.begin(login);
    vi.useRealTimers();
    const session = await app.sessions.read(token);
    const { createdAt, usedAt, endsAt } = session ?? {};
    for (const time of [createdAt, usedAt])
      expect(Math.abs(Number(time) - now)).toBeLessThan(HOUR * 1000);
    expect(Number(endsAt) - Number(createdAt)).toBe(30 * DAY * 1000);

    vi.useFakeTimers({ toFake: ['Date'], now: wrong });
    expect(await app.sessions.read(token)).toEqual(session);
    expect(await app.sessions.change(token, {})).toBe(true);
    vi.useRealTimers();
  }
}

/** Postgres cannot be reached, and comes back. */
async function losePostgres() {
  await using proxy = await startTcpProxy(0);
  await using stack = new AsyncDisposableStack();
  let port = 0;
  const connect = (url: string) => {
    port = Number(new URL(url).port);
    proxy.pointTo(port);
    const way = Object.assign(new URL(url), { port: proxy.port });
    const pool = createPool({
      connectionString: way.href,
      applicationName: 'sessions',
      log: { warn: () => {} },
    });
    stack.defer(() => pool.end());
    return pool;
  };
  await using app = await startTestApp({
    store: 'postgres',
    connect,
  });
  const token = await app.login();
  await untilReady(app, 200);

  await app.wait(2 * HOUR);
  const client = await app.pool.connect();
  await client.query('begin; select from sessions for update');
  expect((await app.me(token)).status).toBe(200);
  await client.query('commit');
  client.release();

  proxy.pointTo(await findFreePort());
  proxy.cut();
  for (const answer of [
    await app.me(token),
    await app.sendCode(token),
    await app.sendWith(token, 'DELETE', '/sessions/current'),
  ]) {
    expect(answer).toMatchObject({
      status: 503,
      body: { code: 'sessions_unavailable' },
    });
    expect(answer.headers.getSetCookie()).toEqual([]);
  }
  await untilReady(app, 503);
  expect((await fetch(`${app.url}/livez`)).status).toBe(200);
  proxy.pointTo(port);
  await untilReady(app, 200);
  expect((await app.me(token)).status).toBe(200);
  expect(JSON.stringify(app.log.entries)).not.toContain(token);
}

/** The token from before a second factor is worth nothing. */
async function copyBeforeFactor(store: (typeof STORES)[number]) {
  await using app = await startTestApp({ store });
  const copied = await app.login();
  const { id } = (await app.sessions.read(copied)) ?? {};
  expect(await app.sendWith(copied, 'GET', '/admin')).toMatchObject({
    status: 403,
    body: { code: 'second_factor_missing' },
  });

  const token = readCookie(await app.sendCode(copied));

  expect((await app.sendWith(token, 'GET', '/admin')).status).toBe(200);
  expect(await app.me(copied)).toMatchObject(over);
  expect(await app.sendCode(copied)).toMatchObject(over);
  expect(await app.sessions.read(token)).toMatchObject({
    id,
    data: { mfaAt: expect.any(String) },
  });
  const { renew } = app.sessions;
  const both = await Promise.all([renew(token), renew(token)]);
  expect(both.filter((next) => next !== undefined)).toHaveLength(1);
}

type Store = Awaited<ReturnType<typeof openTestStore>>;
type App = Awaited<ReturnType<typeof startTestApp>>;

const adaOf = ({ pool }: Store) => logInAs(pool, 'ada@example.com');

const untilReady = (app: App, status: number) =>
  waitUntil(
    `readiness is ${status}`,
    async () => (await fetch(`${app.url}/readyz`)).status === status,
  );

const device = (name: string, isThis: boolean) => ({
  id: expect.stringMatching(/^[0-9a-f-]{36}$/),
  device: name,
  usedAt: expect.any(String),
  isThis,
});

/** Rows that are over take no place of those that live. */
async function countWithoutEnded(app: Store, userId: string) {
  await app.pool.query('update sessions set ends_at = now()');
  const { begin, list } = app.sessions;
  for (let index = 0; index < 101; index++)
    await begin({ userId, device: 'new' });
  await app.pool.query(
    `update sessions
     set ends_at = now()
     where id in (select id from sessions order by used_at desc limit 50)`,
  );
  for (let index = 0; index < 50; index++)
    await begin({ userId, device: 'newer' });
  expect(await list(userId)).toHaveLength(100);
  const { rowCount } = await app.pool.query(
    'select from sessions where user_id = $1',
    [userId],
  );
  expect(rowCount).toBe(100);
}

const countKeys = async ({ client, prefix }: Store) =>
  (await client.keys(`${prefix}*`)).length;

/** All that Redis holds of the app. */
async function dump({ client, prefix }: Store): Promise<string> {
  const keys = await client.keys(`${prefix}*`);
  const hashes = await Promise.all(
    keys.map((key) => client.hGetAll(key)),
  );
  return JSON.stringify([keys, hashes]);
}

/** Counts how often a session is written from now on. */
async function countTouches(app: Store, store: string) {
  if (store === 'postgres') {
    await app.pool.query(
      `create table touches (at timestamptz default now());
       create function note() returns trigger language plpgsql as $$
       begin insert into touches default values; return new; end $$;
       create trigger note after update of used_at on sessions
       for each row when (new.used_at = now()) execute function note()`,
    );
    return async () =>
      (await app.pool.query('select from touches')).rowCount;
  }
  const read = async () => {
    const info = await app.client.info('commandstats');
    return Number(/cmdstat_pexpireat:calls=(\d+)/.exec(info)?.[1]);
  };
  const before = await read();
  return async () => (await read()) - before;
}

it('is renewed once when two requests prove a second factor at once', async () => {
  await using app = await startTestApp({ store: 'postgres' });
  const token = await app.login();
  const client = await app.pool.connect();
  await client.query('begin; select from sessions for update');

  const answers = Promise.all([
    app.sendCode(token),
    app.sendCode(token),
  ]);
  await untilWaiting(app.pool, 2);
  await client.query('commit');
  client.release();

  const [first, second] = (await answers).toSorted((a, b) => {
    return a.status - b.status;
  });
  expect(first?.status).toBe(204);
  expect(second).toMatchObject(over);
});

it('needs a new second factor an hour after the last one', async () => {
  await using app = await startTestApp({ store: 'postgres' });
  const token = readCookie(await app.sendCode(await app.login()));
  const admin = () => app.sendWith(token, 'GET', '/admin');
  expect((await admin()).status).toBe(200);
  for (const [hours, status] of [
    [0.9, 200],
    [1.1, 403],
  ] as const) {
    const mfaAt = new Date(Date.now() - hours * HOUR * 1000);
    const patch = { mfaAt: mfaAt.toISOString() };
    await app.sessions.change(token, patch);
    expect((await admin()).status).toBe(status);
  }
});

it('is given next to the cookies of others, and no answer is kept by a cache', async () => {
  await using store = await openTestStore({ store: 'postgres' });
  const health = { answer: () => false };
  const app = createApp({ ...store, origin: ORIGIN, health });
  const outer = express().use((_request, response, next) => {
    response.cookie('language', 'de');
    next();
  }, app);
  await using server = await listen(outer);
  const { send, sendWith } = createAda(server.url);

  const login = await send('POST', '/sessions', {
    body: { email: 'ada@example.com', password: PASSWORD },
  });

  const [language, cookie, ...others] = login.headers.getSetCookie();
  expect(language).toMatch(/^language=de/);
  const token = /^__Host-session=([^;]+)/.exec(`${cookie}`)?.[1] ?? '';
  expect(others).toEqual([]);
  for (const answer of [
    login,
    await sendWith(token, 'GET', '/me'),
    await sendWith(token, 'GET', '/nothing'),
    await sendWith(token, 'DELETE', '/sessions/current'),
  ]) {
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.getSetCookie()[0]).toBe(language);
  }
});

it('is of an unknown device when the client does not say what it is', async () => {
  await using app = await startTestApp({ store: 'postgres' });
  const headers = { 'content-type': 'application/json' };
  const login = request(`${app.url}/sessions`, {
    method: 'POST',
    headers,
  });
  const body = { email: 'ada@example.com', password: PASSWORD };
  login.end(JSON.stringify(body));
  await once(login, 'response');

  const [session] = await app.sessions.list(await adaOf(app));

  expect(session?.device).toBe('unknown');
});

describe.each(STORES)('a session in %s', (store) => {
  it('has what the login said, and times of the store', async () => {
    await using app = await openTestStore({ store });
    const userId = await adaOf(app);
    const data = { theme: 'dark', 'a.B:c-d_9': 'x' };
    const before = Date.now();

    const token = await app.sessions.begin({
      userId,
      device: 'phone',
      data,
    });

    const session = await app.sessions.read(token);
    expect(session).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      userId,
      device: 'phone',
      data,
      createdAt: expect.any(Date),
      usedAt: session?.createdAt,
      endsAt: new Date(Number(session?.createdAt) + 30 * DAY * 1000),
    });
    expect(Number(session?.createdAt)).toBeGreaterThan(before - 1000);
    expect(Number(session?.createdAt)).toBeLessThan(Date.now() + 1000);
    expect(app.sessions.lifetimeSeconds).toBe(30 * DAY);
    const bare = await app.sessions.begin({ userId, device: '' });
    expect(await app.sessions.read(bare)).toMatchObject({ data: {} });
  });

  it('has the times of its options', async () => {
    const times = {
      touchSeconds: 10,
      idleSeconds: 100,
      lifetimeSeconds: 150,
    };
    await using app = await openTestStore({ store, ...times });
    const login = { userId: await adaOf(app), device: 'phone' };
    const idle = await app.sessions.begin(login);
    const used = await app.sessions.begin(login);
    const { read, change } = app.sessions;

    await app.wait(95);
    expect(await read(used)).toBeDefined();
    await app.wait(8);
    await app.sessions.begin(login);
    expect(await read(idle)).toBeUndefined();
    expect(await read(used)).toBeDefined();
    await app.wait(44);
    expect(await read(used)).toBeDefined();
    // A change does not move the end either.
    expect(await change(used, {})).toBe(true);
    await app.wait(5);
    expect(await change(used, {})).toBe(false);
    expect(await read(used)).toBeUndefined();
    expect(app.sessions.lifetimeSeconds).toBe(150);
  });

  it('keeps its id, its device, its beginning and its end when it changes or is renewed', async () => {
    await using app = await openTestStore({ store });
    const userId = await adaOf(app);
    const { begin, read, change, renew } = app.sessions;
    const data = { theme: 'dark', language: 'en' };
    const token = await begin({ userId, device: 'phone', data });
    await app.wait(HOUR);
    const before = await read(token);

    const patch = { theme: null, language: undefined, mfa: 'yes' };
    expect(await change(token, patch)).toBe(true);
    const changed = await read(token);
    const next = await renew(token, { language: 'de' });

    expect(changed).toMatchObject({
      data: { language: 'en', mfa: 'yes' },
    });
    expect(Object.keys(changed?.data ?? {})).toHaveLength(2);
    expect(next).toMatch(/^[\w-]{43}$/);
    expect(next).not.toBe(token);
    const after = await read(`${next}`);
    expect(after).toEqual({
      ...before,
      data: { language: 'de', mfa: 'yes' },
      usedAt: after?.usedAt,
    });
    expect(
      Number(after?.usedAt) - Number(before?.usedAt),
    ).toBeGreaterThan((HOUR - 60) * 1000);
    const last = await renew(`${next}`);
    expect((await read(`${last}`))?.data).toEqual(after?.data);
  });

  it('is used when it changes, so that it does not end as idle', async () => {
    await using app = await openTestStore({ store });
    const login = { userId: await adaOf(app), device: 'phone' };
    const { begin, read, change } = app.sessions;
    const token = await begin(login);

    await app.wait(6 * DAY);
    expect(await change(token, {})).toBe(true);
    await app.wait(6 * DAY);
    expect(await change(token, {})).toBe(true);
    await app.wait(7 * DAY + 1);
    expect(await change(token, {})).toBe(false);
    expect(await read(token)).toBeUndefined();
  });

  it('is written as used after a minute', async () => {
    await using app = await openTestStore({ store });
    const login = { userId: await adaOf(app), device: 'phone' };
    const token = await app.sessions.begin(login);
    const { usedAt: first } = (await app.sessions.read(token)) ?? {};

    await app.wait(HOUR);
    await app.sessions.read(token);

    const { usedAt } = (await app.sessions.read(token)) ?? {};
    expect(Number(usedAt)).toBeGreaterThanOrEqual(Number(first));
    expect(Number(usedAt)).toBeLessThan(Number(first) + 60_000);
  });

  it('is one of a list, the one that was used last first', async () => {
    await using app = await openTestStore({ store });
    const userId = await adaOf(app);
    const bob = await logInAs(app.pool, 'bob@example.com');
    const { begin, read, list } = app.sessions;
    await begin({ userId: bob, device: 'tablet' });
    const devices = ['phone', 'laptop', 'watch'];
    const tokens = [];
    for (const device of devices) {
      tokens.push(await begin({ userId, device }));
      await app.wait(90);
    }
    await read(`${tokens[1]}`);
    const found = await list(userId);

    const names = found.map(({ device }) => device);
    expect(names).toEqual(['laptop', 'watch', 'phone']);
    expect(found[0]).toEqual(await read(`${tokens[1]}`));
    expect(await list(bob)).toHaveLength(1);
    const nobody = await logInAs(app.pool, 'eve@example.com');
    expect(await list(nobody)).toEqual([]);
  });

  it('is ended by its user, and by no other', async () => {
    await using app = await openTestStore({ store });
    const userId = await adaOf(app);
    const bob = await logInAs(app.pool, 'bob@example.com');
    const { begin, read, logoutDevice, logoutEverywhere } =
      app.sessions;
    const login = { userId, device: 'phone' };
    const [token, other] = [await begin(login), await begin(login)];
    const ofBob = await begin({ userId: bob, device: 'phone' });
    const { id = '' } = (await read(token)) ?? {};

    expect(await logoutDevice(bob, id)).toBe(false);
    await logoutEverywhere(bob, { except: id });
    expect(await read(ofBob)).toBeUndefined();
    expect(await read(token)).toBeDefined();
    for (const wrong of ['', 'x', '%', `${id}0`, "' or true --"])
      expect(await logoutDevice(userId, wrong)).toBe(false);
    expect(await read(token)).toBeDefined();

    expect(await logoutDevice(userId, id)).toBe(true);
    expect(await read(token)).toBeUndefined();
    expect(await logoutDevice(userId, id)).toBe(false);
    expect(await read(other)).toBeDefined();
    await logoutEverywhere(userId, { except: id });
    expect(await read(other)).toBeUndefined();
  });

  it('ends at its logout, and no other does', async () => {
    await using app = await openTestStore({ store });
    const login = { userId: await adaOf(app), device: 'phone' };
    const { begin, read, list, logout } = app.sessions;
    const [token, other] = [await begin(login), await begin(login)];

    await logout(createToken());
    expect(await list(login.userId)).toHaveLength(2);
    await logout(token);
    await logout(token);

    expect(await read(token)).toBeUndefined();
    expect(await read(other)).toBeDefined();
    expect(await list(login.userId)).toHaveLength(1);
  });

  it('is of a user whose id is a UUID, or the call is a fault', async () => {
    await using app = await openTestStore({ store });
    const userId = await adaOf(app);
    const { begin, list, logoutDevice, logoutEverywhere } =
      app.sessions;
    const token = await begin({ userId, device: 'phone' });
    const { id = '' } = (await app.sessions.read(token)) ?? {};

    for (const wrong of [
      '',
      'x',
      '42',
      '\0',
      '\ud800',
      userId.toUpperCase(),
      ` ${userId}`,
      `${userId}\n`,
      // A digit too many, or a group.
      `0${userId}`,
      `${userId.slice(0, 13)}0${userId.slice(13)}`,
      `${userId.slice(0, 18)}-0000${userId.slice(18)}`,
      JSON.parse('[]')[0],
    ])
      for (const refusal of [
        begin({ userId: wrong, device: 'phone' }),
        list(wrong),
        logoutDevice(wrong, id),
        logoutEverywhere(wrong),
      ])
        await expect(refusal).rejects.toThrow(
          new TypeError('userId is not a UUID in lower case'),
        );
    expect(await list(userId)).toHaveLength(1);
  });

  it('has an id, and no other text ends it or lets it stay', async () => {
    await using app = await openTestStore({ store });
    const userId = await adaOf(app);
    const { begin, read, logoutDevice, logoutEverywhere } =
      app.sessions;

    for (const wrong of [
      '',
      'x',
      '%',
      '\0',
      '\ud800',
      randomUUID(),
      'upper case',
    ]) {
      const token = await begin({ userId, device: 'phone' });
      const { id = '' } = (await read(token)) ?? {};
      const text = wrong === 'upper case' ? id.toUpperCase() : wrong;
      expect(await logoutDevice(userId, text)).toBe(false);
      expect(await read(token)).toBeDefined();
      await logoutEverywhere(userId, { except: text });
      expect(await read(token)).toBeUndefined();
    }
  });

  it('is not found by what a URL may have in its place', async () => {
    await using app = await startTestApp({ store });
    const token = await app.login();
    for (const path of ['%00', '%25', 'x'])
      expect(
        await app.sendWith(token, 'DELETE', `/sessions/${path}`),
      ).toMatchObject({
        status: 404,
        body: { code: 'session_not_found' },
      });
  });

  it('is none for a token that the server did not make', async () => {
    await using app = await openTestStore({ store });
    const { read, change, renew, logout } = app.sessions;

    for (const token of [
      '',
      'x',
      '\0',
      '\ud800',
      'x'.repeat(100_000),
    ]) {
      expect(await read(token)).toBeUndefined();
      expect(await change(token, {})).toBe(false);
      expect(await renew(token)).toBeUndefined();
      expect(await logout(token)).toBeUndefined();
    }
  });

  it('has a device of at most 200 characters, whatever the browser says', async () => {
    await using app = await openTestStore({ store });
    const userId = await adaOf(app);
    const { begin, read } = app.sessions;

    for (const [device, kept] of [
      ['x'.repeat(201), 'x'.repeat(200)],
      ['a\0b', 'ab'],
      [`${'x'.repeat(199)}😀`, `${'x'.repeat(199)}\ufffd`],
      ['\ud800', '\ufffd'],
      [`"é'`, `"é'`],
    ] as const) {
      const session = await read(await begin({ userId, device }));
      expect(session?.device).toBe(kept);
    }
  });
});

describe('a session in Postgres', () => {
  /** In a transaction, now() stands still. */
  async function openFrozen() {
    const app = await openTestStore({ store: 'postgres' });
    const client = await app.pool.connect();
    await client.query('begin');
    const stack = new AsyncDisposableStack();
    stack.use(app);
    stack.defer(() => client.release(true));
    const sessions = createPostgresSessions({ pool: client });
    const userId = await logInAs(app.pool, 'ada@example.com');
    const token = await sessions.begin({ userId, device: 'phone' });
    const move = (column: string, seconds: number) =>
      client.query(
        `update sessions
         set ${column} = now() - make_interval(secs => $1)`,
        [seconds],
      );
    return {
      client,
      sessions,
      token,
      move,
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  }

  it('is read in one query, and in two when its use is a minute old', async () => {
    await using frozen = await openFrozen();
    const { client, sessions, token } = frozen;
    const query = vi.spyOn(client, 'query');
    await sessions.read(token);
    expect(query).toHaveBeenCalledTimes(1);
    query.mockRestore();

    await frozen.move('used_at', 61);
    const again = vi.spyOn(client, 'query');
    await sessions.read(token);
    expect(again).toHaveBeenCalledTimes(2);
    again.mockRestore();
  });

  it('is idle after exactly 7 days', async () => {
    await using frozen = await openFrozen();
    await frozen.move('used_at', 7 * DAY);
    expect(await frozen.sessions.read(frozen.token)).toBeUndefined();
    await frozen.move('used_at', 7 * DAY - 0.001);
    expect(await frozen.sessions.read(frozen.token)).toBeDefined();
  });

  it('is over at exactly its end, and its row may go', async () => {
    await using frozen = await openFrozen();
    await frozen.move('ends_at', -0.001);
    expect(await frozen.sessions.deleteExpired()).toBe(0);
    expect(await frozen.sessions.read(frozen.token)).toBeDefined();
    await frozen.move('ends_at', 0);
    expect(await frozen.sessions.read(frozen.token)).toBeUndefined();
    expect(await frozen.sessions.deleteExpired()).toBe(1);
  });

  it('is written when it was used more than a minute ago, without a change to an index', async () => {
    await using frozen = await openFrozen();
    const { client, sessions, token } = frozen;
    const count = async () => {
      const { rows } = await client.query(
        `select n_tup_upd::int as updates, n_tup_hot_upd::int as hot
         from pg_stat_xact_user_tables
         where relname = 'sessions'`,
      );
      return rows[0];
    };
    await frozen.move('used_at', 60);
    const before = await count();
    await sessions.read(token);
    expect(await count()).toEqual(before);
    await frozen.move('used_at', 60.001);
    const { updates, hot } = await count();

    await sessions.read(token);

    expect(await count()).toEqual({
      updates: updates + 1,
      hot: hot + 1,
    });
  });

  it('goes with its user', async () => {
    await using app = await openTestStore({ store: 'postgres' });
    const userId = await adaOf(app);
    const login = { userId, device: 'phone' };
    const token = await app.sessions.begin(login);

    await app.pool.query('delete from users');

    expect(await app.sessions.read(token)).toBeUndefined();
    await expect(app.sessions.begin(login)).rejects.toMatchObject({
      code: 'sessions_unavailable',
      cause: { constraint: 'sessions_user_id_fkey' },
    });
  });

  it.each([
    [`token_hash = '\\x00'`, 'sessions_token_hash_check'],
    ['token_hash = null', 'not-null'],
    [`device = repeat('x', 201)`, 'sessions_device_check'],
    ['device = null', 'not-null'],
    [`data = '[]'`, 'sessions_data_check'],
    ['data = null', 'not-null'],
    ['user_id = null', 'not-null'],
    ['user_id = gen_random_uuid()', 'sessions_user_id_fkey'],
    ['created_at = null', 'not-null'],
    ['used_at = null', 'not-null'],
    ['ends_at = null', 'not-null'],
  ])('cannot have %s', async (change, message) => {
    await using app = await openTestStore({ store: 'postgres' });
    const login = { userId: await adaOf(app), device: 'phone' };
    await app.sessions.begin({ ...login, device: 'x'.repeat(200) });

    await expect(
      app.pool.query(`update sessions set ${change}`),
    ).rejects.toThrow(message);
  });

  it('cannot have the token of another', async () => {
    await using app = await openTestStore({ store: 'postgres' });
    const login = { userId: await adaOf(app), device: 'phone' };
    await app.sessions.begin(login);
    await app.sessions.begin(login);

    await expect(
      app.pool.query('update sessions set token_hash = sha256($1)', [
        'x',
      ]),
    ).rejects.toThrow('sessions_token_hash_key');
  });

  it('has room on its page for touches', async () => {
    await using app = await openTestStore({ store: 'postgres' });
    const { rows } = await app.pool.query(
      `select reloptions from pg_class where relname = 'sessions'`,
    );
    expect(rows).toEqual([{ reloptions: ['fillfactor=80'] }]);
  });

  it.each([
    [`id = '00000000-0000-0000-0000-000000000000'`, 'sessions_pkey'],
    [`token_hash = '\\x00'`, 'sessions_token_hash_key'],
    ['user_id = (select id from users)', 'sessions_of_a_user'],
    ['ends_at <= now()', 'sessions_by_end'],
  ])('is found by an index: %s', async (condition, index) => {
    await using app = await openTestStore({ store: 'postgres' });

    const results = await app.pool.query(
      `begin; set local enable_seqscan = off;
       explain select from sessions where ${condition}; rollback`,
    );

    expect(JSON.stringify(results)).toMatch(
      new RegExp(`Index .*${index}`),
    );
  });
});

describe('a session in Redis', () => {
  it('has keys that begin with the prefix, `login-session:` when none is given', async () => {
    await using app = await openTestStore({ store: 'redis' });
    const userId = await adaOf(app);
    const send = (command: string[]) => app.client.sendCommand(command);
    const sessions = createRedisSessions({ send });

    const token = await sessions.begin({ userId, device: 'phone' });

    const hash = hashToken(token).toString('hex');
    const names = [
      `login-session:token:${hash}`,
      `login-session:user:${userId}`,
    ];
    expect(await app.client.exists(names)).toBe(2);
    expect(await app.sessions.read(token)).toBeUndefined();
    await sessions.logoutEverywhere(userId);
    expect(await app.client.exists(names)).toBe(0);
  });

  it('leaves the list of its user when it is over, and the list outlives each session', async () => {
    await using app = await openTestStore({ store: 'redis' });
    const { begin } = app.sessions;
    const login = { userId: await adaOf(app), device: 'phone' };
    const list = `${app.prefix}user:${login.userId}`;
    await begin(login);
    await app.wait(8 * DAY);
    await begin(login);
    await begin(login);
    expect(await app.client.hLen(list)).toBe(2);
    const ttl = () => app.client.pTTL(list);
    expect(await ttl()).toBeGreaterThan((30 * DAY - 60) * 1000);
    expect(await ttl()).toBeLessThanOrEqual(30 * DAY * 1000);

    // A later release makes sessions shorter; those of before go on.
    const short = createRedisSessions({
      send: (command) => app.client.sendCommand(command),
      prefix: app.prefix,
      lifetimeSeconds: 10 * DAY,
    });
    await short.begin(login);

    expect(await ttl()).toBeGreaterThan((30 * DAY - 60) * 1000);
    await app.sessions.logoutEverywhere(login.userId);
    expect(await app.client.keys(`${app.prefix}*`)).toEqual([]);
  });

  it('leaves the list of its user with all others that are over, and all that others end', async () => {
    await using app = await openTestStore({ store: 'redis' });
    const { begin, read, logoutEverywhere } = app.sessions;
    const login = { userId: await adaOf(app), device: 'phone' };
    const list = `${app.prefix}user:${login.userId}`;
    for (let index = 0; index < 5; index++) await begin(login);
    await app.wait(8 * DAY);
    const token = await begin(login);
    expect(await app.client.hLen(list)).toBe(1);
    for (let index = 0; index < 5; index++) await begin(login);
    const { id = '' } = (await read(token)) ?? {};

    await logoutEverywhere(login.userId, { except: id });

    expect(Object.keys(await app.client.hGetAll(list))).toEqual([id]);
  });

  it('is over when the list of its user has another token for it', async () => {
    await using app = await openTestStore({ store: 'redis' });
    const { begin, read, list } = app.sessions;
    const login = { userId: await adaOf(app), device: 'phone' };
    const token = await begin(login);
    const other = createToken();
    const [from = '', to = ''] = [token, other].map((one) => {
      const hash = hashToken(one).toString('hex');
      return `${app.prefix}token:${hash}`;
    });
    await app.client.copy(from, to);

    expect(await read(other)).toBeUndefined();
    expect(await read(token)).toBeDefined();
    expect(await list(login.userId)).toHaveLength(1);
  });

  it('cannot have keys without a prefix', () => {
    const send = async () => null;
    expect(() => createRedisSessions({ send, prefix: '' })).toThrow(
      'prefix is empty',
    );
  });

  it('leaves nothing behind when it ends', async () => {
    await using app = await openTestStore({ store: 'redis' });
    const { begin, read, renew, logout, logoutDevice } = app.sessions;
    const userId = await adaOf(app);
    const login = { userId, device: 'phone' };
    const keys = () => app.client.keys(`${app.prefix}*`);

    await logout(`${await renew(await begin(login))}`);
    expect(await keys()).toEqual([]);
    const { id = '' } = (await read(await begin(login))) ?? {};
    await logoutDevice(userId, id);

    expect(await keys()).toEqual([]);
  });

  it('may have data with the names of its own fields', async () => {
    await using app = await openTestStore({ store: 'redis' });
    const userId = await adaOf(app);
    const data = { userId: 'eve', id: '1', endsAt: '9', 'data:x': 'y' };
    const token = await app.sessions.begin({
      userId,
      device: 'phone',
      data,
    });

    expect(await app.sessions.read(token)).toMatchObject({
      userId,
      data,
    });
    await app.sessions.change(token, { userId: 'bob' });
    expect(await app.sessions.read(token)).toMatchObject({
      userId,
      data: { ...data, userId: 'bob' },
    });
  });

  it('waits for Redis a second, or as long as the options say, and no longer', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const never = () => new Promise<never>(() => {});

    for (const [options, ms] of [
      [{}, 1000],
      [{ timeoutMs: 50 }, 50],
    ] as const) {
      const sessions = createRedisSessions({ send: never, ...options });
      let error: unknown;
      const read = sessions.read('x').catch((cause: unknown) => {
        error = cause;
      });
      await vi.advanceTimersByTimeAsync(ms - 1);
      expect(error).toBeUndefined();
      await vi.advanceTimersByTimeAsync(1);
      await read;
      expect(error).toMatchObject({
        name: 'SessionStoreError',
        code: 'sessions_unavailable',
        status: 503,
        expose: false,
        message: 'The store of sessions did not answer',
        cause: { message: 'timeout' },
      });
    }
    const sessions = createRedisSessions({ send: async () => null });
    expect(await sessions.read('x')).toBeUndefined();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('says why Redis refused', async () => {
    await using app = await openTestStore({ store: 'redis' });
    const token = await app.sessions.begin({
      userId: await adaOf(app),
      device: 'phone',
    });
    const hash = hashToken(token).toString('hex');
    await app.client.set(`${app.prefix}token:${hash}`, 'not a hash');

    await expect(app.sessions.read(token)).rejects.toMatchObject({
      code: 'sessions_unavailable',
      cause: { message: expect.stringContaining('WRONGTYPE') },
    });
  });
});

describe('the times of sessions', () => {
  it('are a minute, a week and 30 days', () => {
    expect(requireTimes({})).toEqual({
      touchSeconds: 60,
      idleSeconds: 604_800,
      lifetimeSeconds: 2_592_000,
      timeoutMs: 1000,
    });
  });

  it('may be as short and as long as this', () => {
    const times = {
      touchSeconds: 1,
      idleSeconds: 10,
      lifetimeSeconds: 10,
      timeoutMs: 1,
    };
    expect(requireTimes(times)).toEqual(times);
    const long = {
      lifetimeSeconds: 400 * DAY,
      timeoutMs: 60_000,
    };
    expect(requireTimes(long)).toMatchObject(long);
  });

  it.each([
    [{ touchSeconds: 0 }, 'idleSeconds is less than 10 × touchSeconds'],
    [
      { touchSeconds: 61, idleSeconds: 609 },
      'idleSeconds is less than 10 × touchSeconds',
    ],
    [{ lifetimeSeconds: 604_799 }, 'lifetimeSeconds is less than idle'],
    [
      { touchSeconds: 1, idleSeconds: 100, lifetimeSeconds: 99 },
      'lifetimeSeconds is less than idle',
    ],
    // Milliseconds.
    [{ lifetimeSeconds: 2_592_000_000 }, 'more than 400 days'],
    [{ lifetimeSeconds: 400 * DAY + 1 }, 'more than 400 days'],
    [{ timeoutMs: 0 }, 'timeoutMs is not between 1 and 60000'],
    [{ timeoutMs: 60_001 }, 'timeoutMs is not between 1 and 60000'],
    [{ timeoutMs: 1.5 }, 'the times of sessions are not integers'],
    [{ touchSeconds: 1.5 }, 'the times of sessions are not integers'],
    [{ idleSeconds: 604_800.5 }, 'the times of sessions are not'],
    [{ lifetimeSeconds: Number.NaN }, 'the times of sessions are not'],
    [{ lifetimeSeconds: Infinity }, 'the times of sessions are not'],
  ])('cannot be %j', (times, message) => {
    expect(() => requireTimes(times)).toThrow(message);
    const send = async () => null;
    expect(() => createRedisSessions({ send, ...times })).toThrow(
      message,
    );
    const pool = { query: () => {} };
    expect(() =>
      Reflect.apply(createPostgresSessions, undefined, [
        { pool, ...times },
      ]),
    ).toThrow(message);
  });
});

describe('a token', () => {
  it('has 256 random bits', () => {
    const tokens = Array.from({ length: 100 }, createToken);
    expect(new Set(tokens).size).toBe(100);
    for (const token of tokens)
      expect(
        new Set(Buffer.from(token, 'base64url')).size,
      ).toBeGreaterThan(16);
    for (const token of tokens) {
      expect(Buffer.from(token, 'base64url')).toHaveLength(32);
      expect(readToken(`__Host-session=${token}`)).toBe(token);
    }
  });

  it.each([
    [`__Host-session=${'a'.repeat(43)}`, 'a'.repeat(43)],
    [`__Host-session=${'a-_9'.repeat(11).slice(1)}; b=c`, /^-_9a-_/],
    [`b=c; __Host-session=${'Z'.repeat(43)}`, 'Z'.repeat(43)],
    [
      `b=c; __Host-session=${'a'.repeat(43)}; __Host-session=${'b'.repeat(43)}`,
      'a'.repeat(43),
    ],
  ])('is read from %j', (header, token) => {
    expect(readToken(header)).toMatch(token);
  });

  it('is stored as SHA-256 of all of it', () => {
    const token = 'a'.repeat(43);
    expect(hashToken(token).toString('hex')).toBe(
      '66d34fba71f8f450f7e45598853e53bfc23bbd129027cbb131a2f4ffd7878cd0',
    );
    const other = `${token.slice(0, 42)}b`;
    expect(hashToken(other)).not.toEqual(hashToken(token));
  });

  it.each([
    undefined,
    '',
    '__Host-session=',
    `__Host-session=${'a'.repeat(42)}`,
    `__Host-session=${'a'.repeat(44)}`,
    `__Host-session=${'a'.repeat(42)}+`,
    `__Host-session=${'a'.repeat(43)} ; b=c`,
    `b=c;__Host-session=${'a'.repeat(43)}`,
    `b=__Host-session=${'a'.repeat(43)}`,
  ])('is not read from %j', (header) => {
    expect(readToken(header)).toBeUndefined();
  });

  it('is given to the browser, and taken away, with the same attributes', async () => {
    expect(giveToken('abc', 60)).toBe(
      '__Host-session=abc; Max-Age=60; Path=/; Secure; HttpOnly; SameSite=Lax',
    );
    await using app = await startTestApp({ store: 'postgres' });
    const token = await app.login();

    const path = '/sessions/current';
    const { headers } = await app.sendWith(token, 'DELETE', path);

    expect(headers.getSetCookie()).toEqual([
      '__Host-session=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax',
    ]);
    expect(await app.me(token)).toMatchObject(over);
  });
});

describe('the guard of the origin', () => {
  const guard = createSameOriginGuard(ORIGIN);
  const headers = {
    'sec-fetch-site': 'cross-site',
    origin: 'https://evil.example.org',
  };

  it.each(['GET', 'HEAD', 'OPTIONS'])('lets %s through', (method) => {
    expect(() => guard({ method, headers })).not.toThrow();
  });

  it.each([
    'POST',
    'DELETE',
    'get',
    'TRACE',
    'QUERY',
    'PROPFIND',
    'PURGE',
    '',
    undefined,
  ])('refuses %s', (method) => {
    const request = {
      headers,
      ...(method !== undefined && { method }),
    };
    expect(() => guard(request)).toThrow(
      'Send this request from a page of this site',
    );
  });

  it.each([
    '',
    'shop.example.com',
    'https://shop.example.com/',
    'https://shop.example.com:443',
    'https://SHOP.example.com',
    'null',
    '*',
  ])('cannot be made with %j', (origin) => {
    expect(() => createSameOriginGuard(origin)).toThrow(
      'origin is not like https://shop.example.com',
    );
  });
});

/** The session that a user has ended, after a crash of Redis. */
async function endAndCrash(settings: string[]) {
  await using redis = await startRedis(settings);
  await using app = await openTestStore({ store: 'redis', redis });
  const login = {
    userId: '0198c0de-0000-7000-8000-000000000001',
    device: 'phone',
  };
  const [ended, other] = [
    await app.sessions.begin(login),
    await app.sessions.begin(login),
  ];
  await app.client.sendCommand(['SAVE']);

  await app.sessions.logout(ended);
  expect(await app.sessions.read(ended)).toBeUndefined();
  await redis.kill();
  await redis.start();

  await untilAnswered(app.sessions);
  expect(await app.sessions.read(other)).toBeDefined();
  return await app.sessions.read(ended);
}
