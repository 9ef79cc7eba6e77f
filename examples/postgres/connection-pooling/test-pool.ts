import { freshDatabase } from '@touchstone/kit/postgres/database';
import { createPool, type PoolOptions } from './create-pool.ts';

type Line = { message: string; details: object };

/** A database of its own. */
export function startDatabase() {
  return freshDatabase({
    schema: new URL('schema.sql', import.meta.url),
  });
}

/** A pool with two connections, and what it logged. */
export function startPool(
  connectionString: string,
  options: Partial<PoolOptions> = {},
) {
  const lines: Line[] = [];
  const log = {
    warn: (message: string, details: object) => {
      lines.push({ message, details });
    },
  };
  const pool = createPool({
    applicationName: 'test',
    max: 2,
    endTimeoutMs: 200,
    ...options,
    connectionString,
    log,
  });
  return { pool, lines, [Symbol.asyncDispose]: () => pool.end() };
}
