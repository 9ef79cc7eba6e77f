import pg from 'pg';

/** What live queries saw of a migration, in milliseconds, and how long it took. */
export type Ordeal = { p99: number; longest: number; seconds: number };

/** A query each 5 ms, whether or not the ones before have been answered. */
const EVERY_MS = 5;

/** Sends live queries for as long as the work takes; each counts from when it was due. */
export async function measureLoad(
  url: string,
  rows: number,
  work: () => Promise<unknown>,
): Promise<Ordeal> {
  const pool = new pg.Pool({ connectionString: url, max: 50 });
  pool.on('error', () => {}); // the database is dropped behind it
  const durations: number[] = [];
  const pending: Promise<void>[] = [];
  await pool.query('select from users limit 1');
  const began = performance.now();
  const timer = setInterval(sendDue, EVERY_MS);

  function sendDue() {
    const sent = pending.length;
    const due = Math.floor((performance.now() - began) / EVERY_MS);
    for (let n = sent; n < due; n++)
      pending.push(send(began + (n + 1) * EVERY_MS));
  }

  async function send(dueAt: number) {
    const id = 1 + Math.floor(Math.random() * rows);
    // One in five writes.
    const text =
      pending.length % 5 === 0
        ? 'update users set created_at = now() where id = $1'
        : 'select id, created_at from users where id = $1';
    await pool.query(text, [id]);
    durations.push(performance.now() - dueAt);
  }

  await work();
  const seconds = (performance.now() - began) / 1000;
  clearInterval(timer);
  await Promise.all(pending);
  await pool.end();
  const longest = percentile(durations, 1);
  return { p99: percentile(durations, 0.99), longest, seconds };
}

/** The value that this share of all values does not exceed; 0 of none. */
function percentile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * share) - 1] ?? 0;
}
