import { runExample } from '@touchstone/kit/app/run-example';
import { createApp } from './app.ts';
import { PASSWORD } from './authenticate.ts';
import { createServices } from './create-services.ts';
import { deleteExpired } from './delete-expired.ts';
import { readSettings } from './settings.ts';

const log = console;
const HOUR_MS = 60 * 60 * 1000;

await runExample(import.meta, ({ pool }) => {
  const settings = readSettings();
  const services = createServices({ pool, log, ...settings });

  async function cleanUp() {
    try {
      while ((await deleteExpired(pool)) > 0);
    } catch (error) {
      log.error('expired logins cannot be deleted', { error });
    }
  }
  const timer = setInterval(cleanUp, HOUR_MS);

  return {
    app: createApp({ ...services, log }),
    commands: describeUse,
    stop: async () => clearInterval(timer),
  };
});

function describeUse(url: string): string[] {
  const ada = { email: 'ada@example.com', password: PASSWORD };
  return [
    `curl -i ${url}/sessions -H 'content-type: application/json' -d '${JSON.stringify(ada)}'`,
    `curl -i -X POST ${url}/sessions/refresh -H 'cookie: __Host-refresh=<the one you got>'`,
    `curl ${url}/me -H 'authorization: Bearer <the access token>'`,
  ];
}
