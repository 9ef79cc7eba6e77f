import type { Pool } from 'pg';
import { inTransaction } from '../../postgres/transactions-and-locking/in-transaction.ts';
import type { Queryable } from '../../postgres/transactions-and-locking/queryable.ts';

/** An event that its sender signed: the bytes, and the id it has there. */
export type WebhookEvent = { source: string; id: string; body: Buffer };

/** What an inbox needs; `handle` writes through its `tx`, and stops at the signal. */
export type WebhookInboxOptions = {
  pool: Pool;
  clock: () => Date;
  log: Record<
    'warn' | 'error',
    (message: string, details: object) => void
  >;
  handle: (
    event: WebhookEvent,
    tx: Queryable,
    signal: AbortSignal,
  ) => Promise<void>;
  /** With eight attempts, the last comes about fifteen hours after the first. */
  attempts?: number;
  /** The first retry; each later one waits four times as long. */
  retrySeconds?: number;
  /** How long an attempt may take; then it is undone, and tried again. Default: 60. */
  handleSeconds?: number;
};

/** Keeps each event once, and processes it until it succeeds or no attempt is left. */
export function createWebhookInbox(options: WebhookInboxOptions) {
  const { pool, clock, log, handle } = options;
  const { attempts = 8, retrySeconds = 10 } = options;
  const limits = createLimits(options.handleSeconds ?? 60);

  // #region accept
  /** Once this resolves, the event is ours: answer 202 and no sooner. */
  async function accept({ source, id, body }: WebhookEvent) {
    const { rowCount } = await pool.query(
      `insert into webhook_events
         (source, id, body, received_at, due_at, attempts_left)
       values ($1, $2, $3, $4, $4, $5)
       on conflict (source, id) do nothing`,
      [source, id, body, clock(), attempts],
    );
    return { isNew: rowCount === 1 };
  }
  // #endregion accept

  // #region claim
  async function claim(): Promise<Claimed | undefined> {
    // The attempt is spent before it is made: an event that kills the
    // process runs out of attempts like one that throws.
    const { rows } = await pool.query<Claimed>(
      `update webhook_events
       set attempts_left = attempts_left - 1,
           due_at = $1::timestamptz
             + interval '1 second' * $2 * 4 ^ ($3 - attempts_left)
       where (source, id) = (
         select source, id from webhook_events
         where processed_at is null
           and attempts_left > 0
           and due_at <= $1
         order by due_at
         limit 1
         for update skip locked
       )
       returning source, id, body, attempts_left as "attemptsLeft"`,
      [clock(), retrySeconds, attempts],
    );
    return rows[0];
  }
  // #endregion claim

  // #region process-next
  /** Processes the event that is longest due; false when none is. */
  async function processNext(): Promise<boolean> {
    const event = await claim();
    if (!event) return false;
    try {
      await inTransaction(pool, limits, async (tx, signal) => {
        // The mark first: its row lock keeps every other worker out.
        const { rowCount } = await tx.query(
          `update webhook_events
           set processed_at = $3, last_error = null
           where source = $1 and id = $2 and processed_at is null`,
          [event.source, event.id, clock()],
        );
        if (rowCount === 1) await handle(event, tx, signal);
      });
    } catch (error) {
      await recordFailure(event, error);
    }
    return true;
  }
  // #endregion process-next

  async function recordFailure(event: Claimed, cause: unknown) {
    const { source, id, attemptsLeft } = event;
    const error = cause instanceof Error ? cause.message : `${cause}`;
    const details = { source, id, attemptsLeft, error };
    if (attemptsLeft > 0) log.warn('webhook event failed', details);
    else log.error('webhook event is a dead letter', details);
    await pool.query(
      `update webhook_events
       set last_error = left($3, 500)
       where source = $1 and id = $2 and processed_at is null`,
      [source, id, error],
    );
  }

  /** For the hand of an operator; what was processed stays processed. */
  async function replay(source: string, id: string): Promise<boolean> {
    const { rowCount } = await pool.query(
      `update webhook_events
       set attempts_left = $4, due_at = $3
       where source = $1 and id = $2 and processed_at is null`,
      [source, id, clock(), attempts],
    );
    return rowCount === 1;
  }

  async function listDead(): Promise<DeadLetter[]> {
    const { rows } = await pool.query<DeadLetter>(
      `select source, id, received_at as "receivedAt",
              last_error as "lastError"
       from webhook_events
       where processed_at is null and attempts_left = 0
       order by received_at
       limit 100`,
    );
    return rows;
  }

  return { accept, processNext, replay, listDead };
}

/** A late worker waits for the mark as long as the one before it may take. */
function createLimits(handleSeconds: number) {
  if (!(handleSeconds > 0 && handleSeconds <= 86_400))
    throw new RangeError(
      'handleSeconds must be above 0, at most 86400',
    );
  const timeLimitMs = Math.ceil(handleSeconds * 1000);
  return { timeLimitMs, lockTimeoutMs: timeLimitMs };
}

type Claimed = WebhookEvent & { attemptsLeft: number };
type DeadLetter = Pick<WebhookEvent, 'source' | 'id'> & {
  receivedAt: Date;
  lastError: string | null;
};
