import { randomBytes } from 'node:crypto';
import { listen } from '@touchstone/kit/app/http';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { createClient } from '@touchstone/kit/testing/client';
import connectPgSimple from 'connect-pg-simple';
import session from 'express-session';
import { PASSWORD } from './authenticate.ts';
import { createNaiveApp } from './naive.ts';

/** The naive app with its sessions in Postgres, and a browser whose cookie another knows. */
export async function openNaiveShop() {
  const stack = new AsyncDisposableStack();
  const { pool } = stack.use(
    await freshDatabase({
      schema: new URL(
        'table.sql',
        import.meta.resolve('connect-pg-simple'),
      ),
    }),
  );
  const file = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const app = createNaiveApp({
    store: new (connectPgSimple(session))({
      pool,
      pruneSessionInterval: false,
    }),
    secret: randomBytes(32).toString('base64url'),
    storeFile: () => {
      arrived.resolve();
      return file.promise;
    },
  });
  const { url } = stack.use(await listen(app));

  // The attacker visits first, and plants what they got.
  const visit = await createClient(url)('GET', '/me');
  const [cookie = ''] = visit.headers.getSetCookie();
  const send = createClient(url, {
    cookie: cookie.split(';')[0] ?? '',
  });

  return {
    logIn: () =>
      send('POST', '/login', {
        body: { email: 'ada@example.com', password: PASSWORD },
      }),
    logOut: () => send('POST', '/logout'),
    /** Resolves once the upload is under way; `finish` ends it. */
    upload: async () => {
      const answer = send('POST', '/upload');
      await arrived.promise;
      return {
        finish: () => {
          file.resolve();
          return answer;
        },
      };
    },
    /** Who the attacker is for the app. */
    spy: async () => (await send('GET', '/me')).body.user,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
