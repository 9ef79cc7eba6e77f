import { listen } from '@touchstone/kit/app/http';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { createClient } from '@touchstone/kit/testing/client';
import { createTestLog } from '@touchstone/kit/testing/log';
import { createApp } from './app.ts';
import { createUser } from './create-user.ts';
import {
  createPasswordHasher,
  type PasswordHasherOptions,
} from './password-hasher.ts';
import { peppersText } from './peppers.ts';
import { createSecrets } from './secrets.ts';

/** The password of Ada in all tests. */
export const PASSWORD = 'correct horse battery';

/** A pepper as the settings have it. */
export function createPepper() {
  const [pepper] = peppersText.parse(createSecrets().PASSWORD_PEPPERS);
  return pepper;
}

/** The app on a socket with a database of its own; `restart` gives it other options. */
export async function startTestApp(
  options: Partial<PasswordHasherOptions> = {},
) {
  const stack = new AsyncDisposableStack();
  const { pool, url: databaseUrl } = stack.use(
    await freshDatabase({
      schema: new URL('schema.sql', import.meta.url),
    }),
  );
  const log = createTestLog();
  const pepper = createPepper();
  const hasher = createPasswordHasher({
    peppers: [pepper],
    ...options,
  });

  /** One more instance, perhaps with another cost or pepper. */
  async function start(
    others: Partial<PasswordHasherOptions> = options,
  ) {
    const app = createApp({ peppers: [pepper], ...others, pool, log });
    const { url } = stack.use(await listen(app));
    const send = createClient(url);

    function logIn(email: string, password = PASSWORD) {
      return send('POST', '/sessions', { body: { email, password } });
    }
    function change(
      email: string,
      password: string,
      newPassword: string,
    ) {
      const body = { email, password, newPassword };
      return send('PUT', '/password', { body });
    }
    return { url, send, logIn, change };
  }

  async function readHash(email: string): Promise<string> {
    const { rows } = await pool.query<{ hash: string }>(
      `select hash
       from password_hashes
       join users on users.id = user_id
       where email = $1`,
      [email],
    );
    return `${rows[0]?.hash}`;
  }

  return {
    ...(await start()),
    start,
    pool,
    databaseUrl,
    log,
    pepper,
    hasher,
    readHash,
    addUser: (email: string, hash: string) =>
      createUser(pool, email, hash),
    /** A user with the password of Ada, hashed by the first instance. */
    register: async (email: string, password = PASSWORD) =>
      createUser(pool, email, await hasher.hash(password)),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
