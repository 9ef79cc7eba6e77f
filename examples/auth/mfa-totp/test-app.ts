import { listen } from '@touchstone/kit/app/http';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { createTestLog } from '@touchstone/kit/testing/log';
import { createPostgresSessions } from '../session-management/postgres-sessions.ts';
import { type AppOptions, createApp } from './app.ts';
import { applySchema, SESSIONS } from './apply-schema.ts';
import { createServices } from './create-services.ts';
import { keysText } from './secret-box.ts';
import { createSecrets } from './secrets.ts';
import {
  ADA,
  createPhone,
  createShopper,
  createWrongCode,
} from './test-client.ts';
import { stopClock } from './test-clock.ts';

type Options = Partial<Omit<AppOptions, 'log'>>;

/** Keys as the settings have them. */
export function createKeys() {
  return keysText.parse(createSecrets().TOTP_KEYS);
}

/** Two instances with one database, whose clock only the test moves. */
export async function startTestApp(options: Options = {}) {
  const stack = new AsyncDisposableStack();
  const { pool, url } = stack.use(
    await freshDatabase({ schema: SESSIONS }),
  );
  await applySchema(pool);
  const { openStopped, wait, now } = await stopClock(pool);
  const log = createTestLog();
  const common = {
    keys: createKeys(),
    log,
    origin: 'https://shop.example.com',
    ...options,
  };

  /** One more instance, perhaps with other keys. */
  async function start(others: Options = {}) {
    const { pool } = stack.use(openStopped(url));
    const own = { ...common, ...others, pool };
    const sessions = createPostgresSessions({ pool });
    const issuer = 'Corner Shop';
    const server = stack.use(await listen(createApp(own)));
    return {
      url: server.url,
      ...createServices({ ...own, sessions, issuer }),
      ...createShopper(server.url),
    };
  }

  const app = await start();

  /** Begins to set a second factor, and reads it with a phone. */
  async function scan(token: string) {
    const { secret, uri, ticket } = (await app.begin(token)).body;
    return {
      secret: `${secret}`,
      uri: `${uri}`,
      ticket: `${ticket}`,
      phone: createPhone(`${secret}`, now),
    };
  }

  /** A user with a second factor: their phone, session and recovery codes. */
  async function enrol(email = ADA) {
    const old = await app.logIn(email);
    const { secret, uri, ticket, phone } = await scan(old);
    const answer = await app.confirm(old, { ticket, code: phone(-1) });
    const [cookie = ''] = answer.headers.getSetCookie();
    const { recoveryCodes } = answer.body;
    const { rows } = await pool.query<{ id: string }>(
      'select id from users where email = $1',
      [email],
    );
    return {
      token: `${/=([^;]+)/.exec(cookie)?.[1]}`,
      old,
      userId: `${rows[0]?.id}`,
      secret,
      uri,
      phone,
      wrong: createWrongCode(phone),
      recoveryCodes,
    };
  }

  return {
    ...app,
    other: await start(),
    start,
    enrol,
    scan,
    keys: common.keys,
    pool,
    wait,
    now,
    log,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
