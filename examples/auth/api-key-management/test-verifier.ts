import type { QueryResultRow } from 'pg';
import type {
  Queryable,
  Statement,
} from '../../postgres/transactions-and-locking/queryable.ts';
import { RULES } from './app.ts';
import { createKeyVerifier } from './verify-keys.ts';

type Options = {
  pool: Queryable;
  log: { warn: (message: string, details: object) => void };
  touchSeconds?: number;
  /** What the writes of the last use wait for. */
  gate?: () => Promise<void>;
};

/** A verifier, and the writes of last uses that it has sent. */
export function createTestVerifier({
  pool,
  gate,
  ...options
}: Options) {
  const touches: {
    ids: unknown;
    done: Promise<{ rowCount: number | null }>;
  }[] = [];

  async function query<Row extends QueryResultRow>(
    statement: string | Statement,
    values?: readonly unknown[],
  ) {
    if (!`${statement}`.startsWith('update'))
      return pool.query<Row>(statement, values);
    const done = Promise.resolve(gate?.()).then(() =>
      pool.query<Row>(statement, values),
    );
    touches.push({ ids: values?.[0], done });
    return done;
  }

  const { verify, flush } = createKeyVerifier({
    ...options,
    pool: { query },
    rules: RULES,
  });
  /** Writes what is due, and says of which keys and how many rows. */
  async function write() {
    await flush();
    const { ids, done } = touches.at(-1) ?? {};
    return { ids, rowCount: (await done)?.rowCount };
  }
  return { verify, flush, touches, write };
}
