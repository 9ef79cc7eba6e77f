import { randomUUID } from 'node:crypto';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { type Redis, startRedis } from '@touchstone/kit/redis/redis';
import { createTestLog } from '@touchstone/kit/testing/log';
import { waitUntil } from '@touchstone/kit/time/wait';
import type { Pool } from 'pg';
import { authenticate, PASSWORD } from './authenticate.ts';
import { openRedis } from './open-redis.ts';
import { createPostgresSessions } from './postgres-sessions.ts';
import { createRedisSessions } from './redis-sessions.ts';
import type { Sessions, SessionTimes } from './session.ts';

/** Both keep the same contract. */
export const STORES = ['postgres', 'redis'] as const;

export type Options = SessionTimes & {
  store: (typeof STORES)[number];
  /** A Redis of this test alone, which it may freeze. */
  redis?: Redis;
  /** Another way to the database. */
  connect?: (url: string) => Pick<Pool, 'query'>;
};

// It ends with the process of the test file.
let shared: Promise<Redis> | undefined;

/** A database with users, and a store; `wait` lets time pass in it. */
export async function openTestStore({
  store,
  redis,
  connect,
  ...times
}: Options) {
  const stack = new AsyncDisposableStack();
  const log = createTestLog();
  const { pool, url } = stack.use(
    await freshDatabase({
      schema: new URL('schema.sql', import.meta.url),
    }),
  );

  shared ??= startRedis();
  const { url: redisUrl } = redis ?? (await shared);
  const { client, send, close } = openRedis(redisUrl, log);
  stack.defer(close);
  await waitUntil('Redis is connected', () => client.isReady);
  const prefix = `${randomUUID()}:`;

  const inPostgres = createPostgresSessions({
    pool: connect?.(url) ?? pool,
    ...times,
  });
  const inRedis = createRedisSessions({ send, prefix, ...times });
  const isRedis = store === 'redis';
  return {
    sessions: isRedis ? inRedis : inPostgres,
    wait: (seconds: number) =>
      isRedis
        ? send(['EVAL', MOVE_BACK, '0', prefix, `${seconds * 1000}`])
        : movePostgres(pool, seconds),
    deleteExpired: inPostgres.deleteExpired,
    pool,
    databaseUrl: url,
    client,
    prefix,
    log,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** The id of a user with that address. */
export const logInAs = (pool: Pool, email: string) =>
  authenticate(pool, { email, password: PASSWORD });

/** Until a read is an answer, and not an error. */
export const untilAnswered = ({ read }: Pick<Sessions, 'read'>) =>
  waitUntil('the store answers', () =>
    read('').then(
      () => true,
      () => false,
    ),
  );

/** The store has the clock: all that it has noted gets older. */
function movePostgres(pool: Pool, seconds: number) {
  return pool.query(
    `update sessions
     set created_at = created_at - make_interval(secs => $1),
         used_at = used_at - make_interval(secs => $1),
         ends_at = ends_at - make_interval(secs => $1)`,
    [seconds],
  );
}

const MOVE_BACK = `
for _, key in ipairs(redis.call('keys', ARGV[1] .. '*')) do
  if string.find(key, 'token:', 1, true) then
    for _, field in ipairs({ 'createdAt', 'usedAt', 'endsAt' }) do
      redis.call('hincrby', key, field, -ARGV[2])
    end
  end
  redis.call('pexpire', key, redis.call('pttl', key) - ARGV[2])
end
`;
