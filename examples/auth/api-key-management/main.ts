import { runExample } from '@touchstone/kit/app/run-example';
import { createPool } from '../../postgres/connection-pooling/create-pool.ts';
import { createApiKeys } from './api-keys.ts';
import { createApp, RULES } from './app.ts';
import { PASSWORD } from './authenticate.ts';

const log = console;
const HOUR_MS = 60 * 60 * 1000;

await runExample(import.meta, ({ databaseUrl }) => {
  // No query waits without a limit, when Postgres does not answer.
  const pool = createPool({
    connectionString: databaseUrl,
    applicationName: 'api-key-management',
    log,
  });
  const keys = createApiKeys({ pool, rules: RULES });

  async function cleanUp() {
    try {
      while ((await keys.deleteEnded()) > 0);
    } catch (error) {
      log.error('ended keys cannot be deleted', { error });
    }
  }
  const timer = setInterval(cleanUp, HOUR_MS);
  cleanUp();
  const { app, flush } = createApp({ pool, log });

  return {
    app,
    commands: describeUse,
    stop: async () => {
      clearInterval(timer);
      await flush();
      await pool.end();
    },
  };
});

function describeUse(url: string): string[] {
  const ada = `-u 'ada@example.com:${PASSWORD}'`;
  const json = `-H 'content-type: application/json'`;
  const body = { name: 'my script', scopes: ['orders:read'] };
  return [
    `curl -i ${url}/api-keys ${ada} ${json} -d '${JSON.stringify(body)}'`,
    `curl -i ${url}/orders -H 'authorization: Bearer <the key you got>'`,
    `curl ${url}/api-keys ${ada}`,
  ];
}
