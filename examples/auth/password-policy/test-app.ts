import type { RequestListener } from 'node:http';
import { listen } from '@touchstone/kit/app/http';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { createClient } from '@touchstone/kit/testing/client';
import { createTestLog } from '@touchstone/kit/testing/log';
import { createPasswordHasher } from '../password-hashing/password-hasher.ts';
import { peppersText } from '../password-hashing/peppers.ts';
import { createApp } from './app.ts';
import {
  buildBreachFilter,
  openBreachFilter,
} from './breach-filter.ts';
import {
  type BreachListOptions,
  createBreachList,
} from './breach-list.ts';
import {
  createPasswordPolicy,
  type PasswordPolicyOptions,
} from './password-policy.ts';
import { createSecrets } from './secrets.ts';
import {
  createRangeServer,
  hashForList,
} from './stand-in-range-server.ts';

/** A password that no rule refuses. */
export const GOOD = 'seven quiet otters paint';
/** One that the filter of the tests knows. */
export const OFFLINE = 'qwertyuiop12345';

type Options = Partial<PasswordPolicyOptions> & {
  limits?: Partial<BreachListOptions>;
};

/** A service that keeps what it was asked, and can be told to answer otherwise. */
export async function startRanges() {
  const { add, answer } = createRangeServer();
  const seen: { line: string; headers: object }[] = [];
  let override: RequestListener | undefined;
  const listening = await listen(
    (request, response) => {
      const { method, url, headers } = request;
      seen.push({ line: `${method} ${url}`, headers });
      (override ?? answer)(request, response);
    },
    { graceSeconds: 0 },
  );
  return {
    add,
    seen,
    url: listening.url,
    /** From now on it answers so; without an argument, as it should. */
    answerWith(listener?: RequestListener) {
      override = listener;
    },
    [Symbol.asyncDispose]: () => listening[Symbol.asyncDispose](),
  };
}

/** A client that waits for a machine that is busy. */
export function createTestList(
  url: string,
  limits: Partial<BreachListOptions> = {},
) {
  return createBreachList({
    userAgent: 'Touchstone tests',
    url,
    allowAddress: () => true,
    deadlineMs: 60_000,
    attemptMs: 60_000,
    ...limits,
  });
}

/** A policy with a list of its own, and a filter that knows `OFFLINE`. */
export async function startPolicy({
  limits,
  ...options
}: Options = {}) {
  const stack = new AsyncDisposableStack();
  const ranges = stack.use(await startRanges());
  const list = createTestList(ranges.url, limits);
  stack.defer(() => list.close());
  const log = createTestLog();
  const filter = openBreachFilter(
    buildBreachFilter([hashForList(OFFLINE)]),
  );
  const words = ['Acme Cloud'];
  const policy = createPasswordPolicy({
    list,
    filter,
    words,
    log,
    listMs: 60_000,
    ...options,
  });
  return {
    ...policy,
    policy,
    ranges,
    list,
    filter,
    log,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** The app on a socket, with a database and a list of its own. */
export async function startTestApp(options: Options = {}) {
  const stack = new AsyncDisposableStack();
  const setUp = stack.use(await startPolicy(options));
  const { pool } = stack.use(
    await freshDatabase({
      schema: new URL(
        '../password-hashing/schema.sql',
        import.meta.url,
      ),
    }),
  );
  const hasher = createPasswordHasher({
    peppers: peppersText.parse(createSecrets().PASSWORD_PEPPERS),
  });

  /** One more instance, perhaps with another policy. */
  async function start(policy = setUp.policy) {
    const app = createApp({ pool, hasher, policy, log: setUp.log });
    const { url } = stack.use(await listen(app));
    const send = createClient(url);
    return {
      url,
      signUp: (email: string, password: string) =>
        send('POST', '/users', { body: { email, password } }),
      logIn: (email: string, password: string) =>
        send('POST', '/sessions', { body: { email, password } }),
      change: (email: string, password: string, newPassword: string) =>
        send('PUT', '/password', {
          body: { email, password, newPassword },
        }),
    };
  }

  return {
    ...setUp,
    ...(await start()),
    start,
    pool,
    hasher,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
