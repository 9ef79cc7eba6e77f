import type { ClientBase } from 'pg';
import { type LockRules, transact } from './transact.ts';

/** Says why a backfill has to stand still, or nothing. */
export type Brake = () => Promise<string | undefined>;

type BackfillOptions = {
  /** Its progress is kept under this name. */
  name: string;
  /** Takes the last key and a number of rows; returns `last` and `rows`. */
  sql: string;
  rules: LockRules;
  brakes: Brake[];
  /** How long a batch should take: its rows are locked that long. */
  batchMs: number;
};

type Batch = { last: string | null; rows: number };

const FIRST_SIZE = 100;
const LARGEST_SIZE = 10_000;

/** Changes all rows in batches, each in a transaction of its own, and rests as long as it works. */
export async function runBackfill(
  client: ClientBase,
  { name, sql, rules, brakes, batchMs }: BackfillOptions,
): Promise<void> {
  const { log, pause } = rules;
  await client.query(
    'insert into backfills (name) values ($1) on conflict do nothing',
    [name],
  );

  // #region run-in-batches
  let size = FIRST_SIZE;
  for (let isDone = false; !isDone; ) {
    await waitForBrakes();
    const began = performance.now();
    isDone = await transact(client, rules, runBatch);
    const tookMs = performance.now() - began;
    // At most twice as many at a time: the first batches tell little.
    const factor = Math.min(batchMs / tookMs, 2);
    size = Math.ceil(Math.min(size * factor, LARGEST_SIZE));
    await pause(tookMs);
  }

  /** The rows and the key behind them commit together. */
  async function runBatch(): Promise<boolean> {
    const progress = await client.query<{ last_key: string | null }>(
      'select last_key from backfills where name = $1',
      [name],
    );
    const from = progress.rows[0]?.last_key;
    const { rows } = await client.query<Batch>(sql, [from, size]);
    const { last, rows: taken } = rows[0] as Batch;
    await client.query(
      `update backfills
       set last_key = coalesce($2, last_key), rows = rows + $3
       where name = $1`,
      [name, last, taken],
    );
    return last === null;
  }
  // #endregion run-in-batches

  // #region wait-for-brakes
  async function waitForBrakes() {
    for (let why = await ask(); why; why = await ask()) {
      log.info('backfill stands still', { name, why });
      await pause(500);
    }
  }

  async function ask(): Promise<string | undefined> {
    for (const brake of brakes) {
      const why = await brake();
      if (why) return why;
    }
    return undefined;
  }
  // #endregion wait-for-brakes
}
