import { runExample } from '@touchstone/kit/app/run-example';
import { createApp } from './app.ts';
import { fillUsers } from './fill-users.ts';
import { migrate } from './migrate.ts';
import { openReleases } from './open-releases.ts';

await runExample(import.meta, async ({ pool, databaseUrl }) => {
  const log = console;
  const { rowCount } = await pool.query('select from migrations');
  if (rowCount === 0) await fillUsers(pool, 200_000);
  // All but the contract: the old release still runs.
  await migrate({ pool, log, target: '0006-restore-full-names' });
  const releases = openReleases(databaseUrl);
  return {
    app: createApp(releases, log),
    commands: (url) => [
      `curl ${url}/old/users/1`,
      `curl ${url}/new/users/1`,
      `curl -X PUT ${url}/new/users/1 -H 'content-type: application/json' -d '{"givenName":"Ana","familyName":"de Armas"}'`,
    ],
    stop: async () => {
      await releases.stop('old');
      await releases.stop('new');
    },
  };
});
