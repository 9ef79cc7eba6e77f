import { listen } from '@touchstone/kit/app/http';
import {
  freshDatabase,
  openPool,
} from '@touchstone/kit/postgres/database';
import { createTestLog } from '@touchstone/kit/testing/log';
import { createApp } from './app.ts';
import { createKeyClient } from './test-client.ts';

export const ADA = 'ada@example.com';
export const BOB = 'bob@example.com';

/** Two instances of the app with one database. */
export async function startTestApp() {
  const stack = new AsyncDisposableStack();
  const database = stack.use(
    await freshDatabase({
      schema: new URL('schema.sql', import.meta.url),
    }),
  );
  const { pool } = database;
  // Looks on while the app uses all of its own connections.
  const watcher = stack.use(openPool(database.url, { max: 3 })).pool;
  const log = createTestLog();

  async function startInstance() {
    const { app, flush } = createApp({ pool, log });
    const server = stack.use(await listen(app));
    return { ...createKeyClient(server.url), flush };
  }
  const here = await startInstance();

  /** A key of Ada, or of another; it must be created. */
  async function issue(wish: object = {}, email = ADA) {
    const { status, body } = await here.create(email, wish);
    if (status !== 201) throw new Error(`${status} ${body.code}`);
    return body;
  }

  /** The id of a user, who is registered by this. */
  async function login(email: string) {
    const { rows } = await pool.query<{ id: string }>(
      'insert into users (email) values ($1) returning id',
      [email],
    );
    return `${rows[0]?.id}`;
  }

  async function readRow(id: string) {
    const { rows } = await pool.query<Record<string, unknown>>(
      'select * from issued_keys where id = $1',
      [id],
    );
    return rows[0];
  }

  /** Moves a time of a key by an interval. */
  async function shift(id: string, column: string, interval: string) {
    await pool.query(
      `update issued_keys set ${column} = now() + $2 where id = $1`,
      [id, interval],
    );
  }

  return {
    ...here,
    there: await startInstance(),
    pool,
    watcher,
    log,
    issue,
    login,
    readRow,
    shift,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
