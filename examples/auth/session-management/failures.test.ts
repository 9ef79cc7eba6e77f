import { createHash } from 'node:crypto';
import { findFreePort } from '@touchstone/kit/programs/free-port';
import { startTcpProxy } from '@touchstone/kit/proxies/tcp-proxy';
import { startRedis } from '@touchstone/kit/redis/redis';
import { failure } from '@touchstone/kit/testing/failure';
import { waitUntil } from '@touchstone/kit/time/wait';
import { expect, onTestFinished, vi } from 'vitest';
import { createPool } from '../../postgres/connection-pooling/create-pool.ts';
import { authenticate, PASSWORD } from './authenticate.ts';
import { ORIGIN, startTestApp } from './test-app.ts';
import { readCookie } from './test-client.ts';
import { openTestStore, STORES } from './test-stores.ts';

const HOUR = 60 * 60;
const DAY = 24 * HOUR;
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
  'An attacker plants a session of their own before the login',
  {
    symptom:
      'The login makes a new token, and ends the session that the browser had: 401 for the attacker',
    defence: 'begin',
    remains:
      'A script of an attacker in your pages uses the new session',
  },
  () =>
    withBoth(async (store) => {
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
  'Somebody copied the cookie before the user proved a second factor',
  {
    symptom:
      'The copy gets 401: `renew` changes the token together with the rights',
    defence: 'write',
    remains:
      'Of two requests that renew at once, one gets 401, and its user tries again',
  },
  () =>
    withBoth(async (store) => {
      await using app = await startTestApp({ store });
      const copied = await app.login();
      const { id } = (await app.sessions.read(copied)) ?? {};
      expect(await app.sendWith(copied, 'GET', '/admin')).toMatchObject(
        {
          status: 403,
          body: { code: 'second_factor_missing' },
        },
      );

      const token = readCookie(await app.sendCode(copied));

      expect((await app.sendWith(token, 'GET', '/admin')).status).toBe(
        200,
      );
      expect(await app.me(copied)).toMatchObject(over);
      expect(await app.sendCode(copied)).toMatchObject(over);
      expect(await app.sessions.read(token)).toMatchObject({
        id,
        data: { mfa: 'yes' },
      });
      const { renew } = app.sessions;
      const both = await Promise.all([renew(token), renew(token)]);
      expect(both.filter((next) => next !== undefined)).toHaveLength(1);
    }),
);

failure(
  'A request is under way when its session ends',
  {
    symptom: 'It changes nothing, and the session stays ended',
    defence: 'write',
    remains:
      'The request goes on to its end: check again before an important step',
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
  'A page of another site, or of a subdomain, sends a request with the cookie',
  {
    symptom: '403 `cross_site_request` before any route runs',
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

    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'same-origin, cross-site' },
      // A browser older than 2023.
      { origin: 'https://evil.example.org' },
      { origin: 'https://blog.example.com' },
      { origin: 'http://shop.example.com' },
      { origin: 'null' },
    ])
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
        const path = '/sessions/current';
        const all = { headers: { ...headers, cookie } };
        expect(await app.send(method, path, all)).toMatchObject(
          refused,
        );
      }

    expect((await app.me(token)).status).toBe(200);
    const headers = { cookie, 'sec-fetch-site': 'cross-site' };
    expect((await app.send('GET', '/me', { headers })).status).toBe(
      200,
    );
    for (const own of [
      { 'sec-fetch-site': 'same-origin', origin: 'null' },
      { 'sec-fetch-site': 'none' },
      { origin: ORIGIN },
      {},
    ]) {
      const next = await app.login(own);
      expect((await app.me(next)).status).toBe(200);
    }
  },
);

failure(
  'Another site logs the victim in to an account of the attacker',
  {
    symptom: '403 `cross_site_request`, and the browser gets no cookie',
    defence: 'require-same-origin',
    remains:
      'An attacker with a page on your own origin can still do it',
  },
  async () => {
    await using app = await startTestApp({ store: 'postgres' });
    const body = { email: 'eve@example.com', password: PASSWORD };

    const answer = await app.send('POST', '/sessions', {
      headers: { 'sec-fetch-site': 'cross-site' },
      body,
    });

    expect(answer.status).toBe(403);
    expect(answer.headers.getSetCookie()).toEqual([]);
    const { rows } = await app.pool.query('select from sessions');
    expect(rows).toEqual([]);
  },
);

failure(
  'A subdomain, or a page over plain HTTP, sets a cookie of the same name',
  {
    symptom:
      'The browser refuses it: the name begins with `__Host-`. The server reads no other name',
    defence: 'cookie',
    remains:
      'Whoever controls the DNS name of your app can set its cookies',
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
  'A stolen cookie is used for months',
  {
    symptom:
      '401 after 7 days without a request, and after 30 days with any number of requests',
    defence: 'read',
    remains:
      'Until then it works: end sessions that the user does not know',
  },
  () =>
    withBoth(async (store) => {
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
      }

      await app.wait(2 * DAY + 60);
      expect((await app.me(used)).status).toBe(200);
      await app.wait(300);
      expect(await app.me(used)).toMatchObject(over);
      expect(await app.sendCode(used)).toMatchObject(over);
      expect(await app.sessions.list(await adaOf(app))).toEqual([]);
    }),
);

failure(
  'The clock of an app server is wrong by months',
  {
    symptom: 'No effect: the store compares times with its own clock',
    defence: 'read',
    remains:
      'When the clock of the store steps, sessions end earlier or later by the difference',
  },
  () =>
    withBoth(async (store) => {
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
          expect(Math.abs(Number(time) - now)).toBeLessThan(
            HOUR * 1000,
          );
        expect(Number(endsAt) - Number(createdAt)).toBe(
          30 * DAY * 1000,
        );

        vi.useFakeTimers({ toFake: ['Date'], now: wrong });
        expect(await app.sessions.read(token)).toEqual(session);
        expect(await app.sessions.change(token, {})).toBe(true);
        vi.useRealTimers();
      }
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

      const { body } = await app.sendWith(laptop, 'GET', '/sessions');
      expect(body).toEqual([
        device('Firefox on Linux', false),
        device('Safari on iPhone', false),
        device('Firefox on Linux', true),
      ]);
      const [, { id = '' } = {}] = toList(body);
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
              (await app.pool.query('select * from sessions')).rows,
            )
          : await dump(app);
      expect(stored).not.toContain(token);
      expect(stored).toContain('Firefox on Linux');

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
  'Redis is away, frozen or full',
  {
    symptom:
      '503 `sessions_unavailable` within a second, `/readyz` is 503, and the process lives; no cookie is taken away',
    defence: 'run-script',
    remains:
      'A change that was sent may be done later. After a restart without persistence or a failover, the last logins are lost, and the last logouts too',
  },
  async () => {
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

    // It refuses to write: it must not say that the session ended.
    await app.client.configSet('maxmemory', '1');
    for (const answer of [
      await app.sendCode(next),
      await app.sendWith(next, 'DELETE', '/sessions/current'),
    ])
      expect(answer).toMatchObject(unavailable);
    expect(JSON.stringify(app.log.entries)).not.toContain(token);
  },
);

failure(
  'Postgres is away, or a long transaction holds the row of a session',
  {
    symptom:
      '500 or the 503 of your pool, `/readyz` is 503, no cookie is taken away; a locked row holds up no read',
    defence: 'read',
    remains: 'A logout waits for the lock, as long as your pool allows',
  },
  async () => {
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
      expect(answer.status).toBe(500);
      expect(answer.headers.getSetCookie()).toEqual([]);
    }
    await untilReady(app, 503);
    expect((await fetch(`${app.url}/livez`)).status).toBe(200);
    proxy.pointTo(port);
    await untilReady(app, 200);
    expect((await app.me(token)).status).toBe(200);
    expect(JSON.stringify(app.log.entries)).not.toContain(token);
  },
);

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

failure(
  'Each request writes when the session was used',
  {
    symptom:
      'One write a minute for each session, no matter how many requests come at once',
    defence: 'read',
    remains:
      'A session ends up to a minute before it was idle for 7 days',
  },
  () =>
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
    }),
);

failure(
  'Sessions that are over pile up',
  {
    symptom:
      'Rows are deleted in batches once their lifetime is over; Redis lets keys expire',
    defence: 'delete-expired',
    remains:
      'An idle session is over before its row is deleted, 30 days after the login',
  },
  async () => {
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

    await using inRedis = await openTestStore({ store: 'redis' });
    const id = await logInAs(inRedis.pool, 'ada@example.com');
    await inRedis.sessions.begin({ userId: id, device: 'phone' });
    const keys = () => inRedis.client.keys(`${inRedis.prefix}*`);
    expect(await keys()).toHaveLength(2);
    await inRedis.wait(30 * DAY);
    expect(await keys()).toEqual([]);
  },
);

failure(
  'A user sends a megabyte, NUL or half a character for the session to keep',
  {
    symptom: '400 `invalid_session_data`, and the data stays as it was',
    defence: 'require-text',
    remains: 'Keys come from your code: each adds up to 1,024 bytes',
  },
  () =>
    withBoth(async (store) => {
      await using app = await startTestApp({ store });
      const token = await app.login();
      const set = (theme: string) =>
        app.sendWith(token, 'PATCH', '/settings', { theme });
      await set('dark');

      for (const theme of [
        'x'.repeat(1025),
        '€'.repeat(342),
        'a\0b',
        'a\ud800b',
      ])
        expect(await set(theme)).toMatchObject({ status: 400 });
      const { change, begin, read, renew } = app.sessions;
      const refused = {
        code: 'invalid_session_data',
        status: 400,
        message: 'theme is not text of at most 1024 bytes',
      };
      const login = { userId: await adaOf(app), device: 'phone' };
      for (const theme of ['x'.repeat(1025), '\0', '\udfff']) {
        const data = { theme };
        for (const refusal of [
          change(token, data),
          renew(token, data),
          begin({ ...login, data }),
        ])
          await expect(refusal).rejects.toMatchObject(refused);
      }

      const { body } = await app.me(token);
      expect(body.theme).toBe('dark');
      for (const theme of [
        'x'.repeat(1024),
        '€'.repeat(341),
        '',
        '😀"',
      ]) {
        expect(await change(token, { theme })).toBe(true);
        const session = await read(token);
        expect(session?.data).toEqual({ theme });
      }
    }),
);

const logInAs = (
  pool: Parameters<typeof authenticate>[0],
  email: string,
) => authenticate(pool, { email, password: PASSWORD });

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

const toList = (body: unknown): { id: string }[] =>
  Array.isArray(body) ? body : [];

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
