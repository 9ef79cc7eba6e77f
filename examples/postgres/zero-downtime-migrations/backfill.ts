import type { Queryable } from '../transactions-and-locking/queryable.ts';
import { giveWay, type Rules, readCode } from './give-way.ts';
import { MigrationError } from './migration-files.ts';
import { waitForReplicas } from './wait-for-replicas.ts';

type Backfill = {
  /** Its progress is kept under its name and checksum. */
  name: string;
  checksum: string;
  /** Takes the last key and a number of rows; returns `last`. */
  sql: string;
};

const FIRST_SIZE = 100;
const LARGEST_SIZE = 10_000;
/** How long a batch should take: its rows are locked that long. */
const BATCH_MS = 100;

/** Changes all rows in batches, each in a transaction of its own, and rests as long as it works. */
export async function runBackfill(backfill: Backfill, rules: Rules) {
  const { name, checksum, sql } = backfill;

  // #region run-in-batches
  let size = FIRST_SIZE;
  let began = 0;
  for (let isDone: boolean | undefined; !isDone; ) {
    await waitForReplicas(name, rules);
    began = performance.now();
    isDone = await giveWay(rules, runBatch).catch(unlessTooLong);
    const tookMs = performance.now() - began;
    // At most twice as many: the first batches say little.
    const most = isDone === undefined ? 0.5 : 2;
    const factor = Math.min(BATCH_MS / tookMs, most);
    size = Math.ceil(Math.min(size * factor, LARGEST_SIZE));
    await rules.pause(tookMs, rules.signal);
  }

  /** The rows and the key of the last one commit together. */
  async function runBatch(tx: Queryable): Promise<boolean> {
    const { rows } = await tx.query<{ last_key: string | null }>(
      `insert into backfills (name, checksum)
       values ($1, $2)
       on conflict (name, checksum) do update set name = excluded.name
       returning last_key`,
      [name, checksum],
    );
    const from = rows[0]?.last_key ?? null;
    began = performance.now(); // it waited for locks before
    const answer = await tx.query(sql, [from, size]);
    const last = readLast(answer.rows, from);
    await tx.query(
      `update backfills
       set last_key = coalesce($3, last_key)
       where name = $1 and checksum = $2`,
      [name, checksum, last],
    );
    return last === null;
  }
  // #endregion run-in-batches

  function unlessTooLong(error: unknown): undefined {
    if (size === 1 || readCode(error) !== 'timed_out') throw error;
    rules.log.info('the batch took too long', { name, size });
  }

  /** A statement that makes no progress would run for ever. */
  function readLast(
    rows: Record<string, unknown>[],
    from: string | null,
  ): string | null {
    const last = rows.length === 1 ? rows[0]?.last : undefined;
    if (last === null) return null;
    if (typeof last === 'string' && last !== from) return last;
    throw new MigrationError(
      'bad_batch',
      `${name}: a batch returns one row, with \`last\`: a text beyond $1, or null at the end`,
    );
  }
}
