import { runExample } from '@touchstone/kit/app/run-example';
import { z } from 'zod';
import { readEnvironment } from '../../architecture/typed-configuration/environment.ts';
import { startHealth } from '../../observability/health-checks-and-graceful-shutdown/health.ts';
import { createApp } from './app.ts';
import { CODE, PASSWORD } from './authenticate.ts';
import { openRedis } from './open-redis.ts';
import { createPostgresSessions } from './postgres-sessions.ts';
import { createRedisSessions } from './redis-sessions.ts';

const log = console;
const HOUR_MS = 60 * 60 * 1000;
const schema = z.object({
  ORIGIN: z.url().default('http://localhost:3000'),
  // Set, it is where the sessions are.
  REDIS_URL: z.url().optional(),
});

await runExample(import.meta, ({ pool }) => {
  const { ORIGIN: origin, REDIS_URL } = readEnvironment(
    schema,
    process.env,
  );
  const redis = REDIS_URL ? openRedis(REDIS_URL, log) : undefined;
  const postgres = createPostgresSessions({ pool });
  const sessions = redis ? createRedisSessions(redis) : postgres;
  const health = startHealth({ log });
  health.watch('sessions', () => sessions.read(''));
  health.finishStart();

  async function cleanUp() {
    try {
      while ((await postgres.deleteExpired()) > 0);
    } catch (error) {
      log.error('expired sessions cannot be deleted', { error });
    }
  }
  void cleanUp();
  const timer = setInterval(cleanUp, HOUR_MS);

  return {
    app: createApp({ sessions, pool, origin, health, log }),
    commands: describeUse,
    stop: async () => {
      clearInterval(timer);
      health.drain();
      redis?.close();
    },
  };
});

function describeUse(url: string): string[] {
  const json = `-H 'content-type: application/json'`;
  const ada = { email: 'ada@example.com', password: PASSWORD };
  const cookie = `-H 'cookie: __Host-session=<the one you got>'`;
  return [
    `curl -i ${url}/sessions ${json} -d '${JSON.stringify(ada)}'`,
    `curl ${url}/sessions ${cookie}`,
    `curl -i ${url}/sessions/current/factors ${cookie} ${json} -d '{"code":"${CODE}"}'`,
  ];
}
