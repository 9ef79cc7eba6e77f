import { runExample } from '@touchstone/kit/app/run-example';
import { createPool } from '../../postgres/connection-pooling/create-pool.ts';
import { createApp } from './app.ts';
import { createOrganisation } from './create-organisation.ts';
import { createLogins } from './logins.ts';
import { ROLES } from './policies.ts';

await runExample(import.meta, async ({ databaseUrl }) => {
  // No query waits without a limit, when Postgres does not answer.
  const pool = createPool({
    connectionString: databaseUrl,
    applicationName: 'rbac-authorization',
    log: console,
  });
  const { orgId, users } = await createOrganisation(pool);
  const { logIn, findUser } = createLogins();

  return {
    app: createApp({ pool, findUser, log: console }),
    commands: (url) =>
      ROLES.map((role) => {
        const token = logIn(users[role]);
        return `curl ${url}/orgs/${orgId}/contracts -H 'authorization: Bearer ${token}' # ${role}`;
      }),
    stop: () => pool.end(),
  };
});
