import type { Queryable } from '../transactions-and-locking/queryable.ts';
import { type Brake, waitForBrakes } from './brakes.ts';
import { giveWay, type Rules, readCode } from './give-way.ts';
import { MigrationError } from './migration-files.ts';

type Backfill = {
  /** Its progress is kept under this name. */
  name: string;
  /** Takes the last key and a number of rows; returns `last` and `rows`. */
  sql: string;
  /** How long a batch should take: its rows are locked that long. */
  batchMs: number;
  rules: Rules & { brakes: Brake[] };
};

type Outcome = { isDone: boolean; tookMs: number };

const FIRST_SIZE = 100;
const LARGEST_SIZE = 10_000;

/** Changes all rows in batches, each in a transaction of its own, and rests as long as it works. */
export async function runBackfill(backfill: Backfill): Promise<void> {
  const { name, sql, batchMs, rules } = backfill;

  // #region run-in-batches
  let size = FIRST_SIZE;
  for (let isDone = false; !isDone; ) {
    await waitForBrakes(name, rules);
    const batch = await tryBatch();
    isDone = batch.isDone;
    // At most twice as many: the first batches say little.
    const factor = Math.min(batchMs / batch.tookMs, 2);
    size = Math.ceil(Math.min(size * factor, LARGEST_SIZE));
    await rules.pause(batch.tookMs, rules.signal);
  }

  /** The rows and the key of the last one commit together. */
  async function runBatch(tx: Queryable): Promise<Outcome> {
    const { rows } = await tx.query<{ last_key: string | null }>(
      `insert into backfills (name)
       values ($1)
       on conflict (name) do update set name = excluded.name
       returning last_key`,
      [name],
    );
    const from = rows[0]?.last_key ?? null;
    const began = performance.now(); // it waited for locks before
    const answer = await tx.query(sql, [from, size]);
    const { last, taken } = checkBatch(answer.rows, from);
    const tookMs = performance.now() - began;
    await tx.query(
      `update backfills
       set last_key = coalesce($2, last_key), rows = rows + $3
       where name = $1`,
      [name, last, taken],
    );
    return { isDone: last === null, tookMs };
  }
  // #endregion run-in-batches

  async function tryBatch(): Promise<Outcome> {
    try {
      return await giveWay(rules, runBatch);
    } catch (error) {
      if (size === 1 || readCode(error) !== 'timed_out') throw error;
      rules.log.info('the batch took too long', { name, size });
      return { isDone: false, tookMs: rules.timeLimitMs };
    }
  }

  /** A statement that makes no progress would run for ever. */
  function checkBatch(
    rows: Record<string, unknown>[],
    from: string | null,
  ) {
    const { last, rows: taken } = rows[0] ?? {};
    const isKey =
      last === null || (typeof last === 'string' && last !== from);
    const isCount = typeof taken === 'number' && taken <= size;
    if (rows.length === 1 && isKey && isCount) return { last, taken };
    throw new MigrationError(
      'bad_batch',
      `${name}: a batch returns one row, with \`last\`, a text beyond $1 or null at the end, and \`rows\`, an integer of at most $2`,
    );
  }
}
