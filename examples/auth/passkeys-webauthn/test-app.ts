import { listen } from '@touchstone/kit/app/http';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import {
  type Answer,
  createClient,
} from '@touchstone/kit/testing/client';
import { createTestLog } from '@touchstone/kit/testing/log';
import { createPostgresSessions } from '../session-management/postgres-sessions.ts';
import { createApp } from './app.ts';
import { applySchema, SESSIONS } from './apply-schema.ts';
import { PASSWORD } from './authenticate.ts';
import {
  createAuthenticator,
  type Faults,
} from './test-authenticator.ts';

export const ORIGIN = 'https://shop.example.com';
export const ADA = 'ada@example.com';
export const BOB = 'bob@example.com';

type Ceremony = { challenge: string; user: { id: string } };
export type Authenticator = ReturnType<typeof createAuthenticator>;

/** Speaks to one instance as a browser with cookies of its own. */
export function createBrowser(url: string) {
  const jar = new Map<string, string>();
  const send = createClient(url);

  async function call<Body = Record<string, string>>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<Body>> {
    const cookie = [...jar].map((pair) => pair.join('=')).join('; ');
    const answer = await send<Body>(method, path, {
      headers: { 'user-agent': 'Firefox', cookie, ...headers },
      body,
    });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      jar.set(`${name}`, `${value}`);
    }
    return answer;
  }

  const usePassword = (email = ADA) =>
    call('POST', '/sessions/password', { email, password: PASSWORD });
  const beginRegistration = () =>
    call<Ceremony>('POST', '/passkeys/options');
  const finishRegistration = (response: unknown, name = 'a key') =>
    call('POST', '/passkeys', { name, response });
  const beginSignIn = () => call<Ceremony>('POST', '/sessions/options');
  const finishSignIn = (response: unknown) =>
    call('POST', '/sessions', { response });

  return {
    jar,
    call,
    usePassword,
    beginRegistration,
    finishRegistration,
    beginSignIn,
    finishSignIn,
    me: () => call('GET', '/me'),
    list: async () =>
      (await call<Record<string, unknown>[]>('GET', '/passkeys')).body,
    remove: (id: string) => call('DELETE', `/passkeys/${id}`),
    /** Registers and names a passkey of that authenticator. */
    register: async (
      key: Authenticator,
      faults: Faults = {},
      name = 'a key',
    ) => {
      const { body } = await beginRegistration();
      return finishRegistration(key.create(body, faults), name);
    },
    signIn: async (key: Authenticator, faults: Faults = {}) => {
      const { body } = await beginSignIn();
      return finishSignIn(key.get(body, faults));
    },
  };
}

type Browser = ReturnType<typeof createBrowser>;

/** Two instances with one database. */
export async function startTestApp() {
  const stack = new AsyncDisposableStack();
  const { pool, url } = stack.use(
    await freshDatabase({ schema: SESSIONS }),
  );
  await applySchema(pool);
  const log = createTestLog();
  const start = async () =>
    stack.use(await listen(createApp({ pool, origin: ORIGIN, log })));
  const first = await start();
  const second = await start();

  /** A browser in which that user has signed in, and has a passkey. */
  async function enrol(email = ADA, faults: Faults = {}) {
    const browser = createBrowser(first.url);
    await browser.usePassword(email);
    const key = createAuthenticator(ORIGIN);
    const { status } = await browser.register(key, faults);
    if (status !== 201)
      throw new Error(`not enrolled: ${status}`, {
        cause: log.entries.at(-1)?.details,
      });
    return { browser, key };
  }

  const rp = {
    id: 'shop.example.com',
    name: 'Corner Shop',
    origins: [ORIGIN],
  };
  const sessions = createPostgresSessions({ pool });

  return {
    pool,
    databaseUrl: url,
    log,
    /** For what HTTP does not reach. */
    options: { pool, sessions, rp, log },
    enrol,
    /** The session of a browser, as a route reads it. */
    readSession: async ({ jar }: Pick<Browser, 'jar'>) => {
      const token = `${jar.get('__Host-session')}`;
      const session = await sessions.read(token);
      if (!session) throw new Error('there is no session');
      return session;
    },
    open: () => createBrowser(first.url),
    openOther: () => createBrowser(second.url),
    /** Lets time pass, for what Postgres has noted. */
    wait: async (seconds: number) => {
      await pool.query(
        `update passkey_challenges
         set expires_at = expires_at - make_interval(secs => $1)`,
        [seconds],
      );
      await pool.query(
        `update sessions
         set created_at = created_at - make_interval(secs => $1)`,
        [seconds],
      );
    },
    count: async (
      table: 'passkeys' | 'passkey_challenges' | 'sessions',
    ) => {
      const { rows } = await pool.query<{ n: number }>(
        `select count(*)::int as n from ${table}`,
      );
      return rows[0]?.n;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
