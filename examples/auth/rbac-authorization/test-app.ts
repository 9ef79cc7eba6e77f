import { listen } from '@touchstone/kit/app/http';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { createClient } from '@touchstone/kit/testing/client';
import { createTestLog } from '@touchstone/kit/testing/log';
import { createApp } from './app.ts';
import { createOrganisation } from './create-organisation.ts';
import { createLogins } from './logins.ts';
import { createMemberships } from './memberships.ts';

/** The app on a socket with a database of its own, and two organisations. */
export async function startTestApp() {
  const stack = new AsyncDisposableStack();
  const { pool, url: databaseUrl } = stack.use(
    await freshDatabase({
      schema: new URL('schema.sql', import.meta.url),
    }),
  );
  const log = createTestLog();
  const { logIn, findUser } = createLogins();
  const app = createApp({ pool, findUser, log });
  const { url } = stack.use(await listen(app));

  /** Speaks for this user; without an id, for nobody. */
  function as(userId?: string) {
    const token = userId && logIn(userId);
    return createClient(url, {
      ...(token && { authorization: `Bearer ${token}` }),
    });
  }

  return {
    app,
    as,
    pool,
    databaseUrl,
    log,
    acme: await createOrganisation(pool),
    globex: await createOrganisation(pool),
    memberships: createMemberships(pool),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
