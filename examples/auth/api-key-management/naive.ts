import { randomBytes } from 'node:crypto';
import express, {
  type NextFunction,
  type Request,
  type Response,
} from 'express';
import type { Pool } from 'pg';

/** Its table: the key is stored as it is. */
export const NAIVE_TABLE = `create table naive_keys (
  key text primary key,
  owner text not null,
  used_at timestamptz
)`;

/** The tempting way: the key in the URL and in the table, cached. */
export function createNaiveApp(
  pool: Pool,
  logLine: (line: string) => void,
) {
  // #region naive-require-key
  const owners = new Map<string, string>();

  async function requireKey(
    request: Request,
    response: Response,
    next: NextFunction,
  ) {
    const key = `${request.query.api_key}`;
    if (!owners.has(key)) {
      const { rows } = await pool.query(
        'select owner from naive_keys where key = $1',
        [key],
      );
      if (!rows[0]) return void response.status(401).end();
      owners.set(key, rows[0].owner); // spares a query
    }
    await pool.query(
      'update naive_keys set used_at = now() where key = $1',
      [key],
    );
    next();
  }
  // #endregion naive-require-key

  const app = express();
  app.use((request, _response, next) => {
    logLine(`${request.method} ${request.originalUrl}`);
    next();
  });
  app.get('/orders', requireKey, (_request, response) => {
    response.json({});
  });
  return app;
}

/** Creates a key as this way does. */
export async function createNaiveKey(
  pool: Pool,
  owner: string,
): Promise<string> {
  const key = randomBytes(16).toString('hex');
  await pool.query(
    'insert into naive_keys (key, owner) values ($1, $2)',
    [key, owner],
  );
  return key;
}
