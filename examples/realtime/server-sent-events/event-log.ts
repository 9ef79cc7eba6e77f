import type { Queryable } from '../../postgres/transactions-and-locking/queryable.ts';

/** An event as its writer has it; its data becomes one line of JSON. */
export type NewEvent = { topic: string; type: string; data: unknown };

/** How a topic is in one snapshot. */
export type TopicState = {
  /** The id of the newest event. */
  last: number;
  /** Counts up when a reader may have lost the right to read. */
  rights: number;
};

/** What follows a place in the log, as it is sent; `next` is the place after it. */
export type Chunk = TopicState & { bytes: Buffer; next: number };

const MOST_EVENTS = 128;
/** As large as the largest event, so that one always fits. */
const MOST_BYTES = 65_536;

/** An append-only log in Postgres: ids of a topic are 1, 2, 3 in the order of commits. Give it a pool whose waits have limits. */
export function createEventLog({ db }: { db: Queryable }) {
  // #region append
  /** With the `tx` of a transaction, the event commits with your rows. */
  async function append(
    { topic, type, data }: NewEvent,
    tx: Queryable = db,
  ): Promise<number> {
    const { rows } = await tx.query<{ id: string }>(
      `with topic as (
         insert into topics (name, last_id)
         values ($1, 1)
         on conflict (name) do update
         set last_id = topics.last_id + 1
         returning name, last_id
       ), event as (
         insert into events (topic, id, type, data)
         select name, last_id, $2, $3 from topic
         returning id
       )
       select id, pg_notify('topics', $1) from event`,
      [topic, type, JSON.stringify(data)],
    );
    return Number(rows[0]?.id);
  }
  // #endregion append

  /** What follows the id; without one, the newest place and no event. */
  async function read(topic: string, after?: number): Promise<Chunk> {
    const { rows } = await db.query<Row>(
      `select topics.last_id as last, topics.rights,
              event.id, event.type, event.data
       from topics
       left join (
         select id, type, data,
                sum(octet_length(data)) over (order by id) as bytes
         from (
           select id, type, data
           from events
           where topic = $1 and id > $2
           order by id
           limit ${MOST_EVENTS}
         ) following
       ) event on event.bytes <= ${MOST_BYTES}
       where topics.name = $1
       order by event.id`,
      [topic, after],
    );
    return toChunk(rows, after);
  }

  /** Topics without an event or a revocation are left out. */
  async function readStates(
    topics: string[],
  ): Promise<Map<string, TopicState>> {
    const { rows } = await db.query<StateRow & { name: string }>(
      `select name, last_id as last, rights
       from topics
       where name = any ($1)`,
      [topics],
    );
    return new Map(rows.map((row) => [row.name, toState(row)]));
  }

  /** Deletes what is older, a batch at a time; says how many events. */
  async function prune({ hours, batch }: PruneOptions) {
    if (!(hours > 0)) throw new RangeError('hours must be more than 0');
    for (let pruned = 0; ; ) {
      const { rowCount } = await db.query(
        `delete from events
         where (topic, id) in (
           select topic, id
           from events
           where created_at < now() - make_interval(secs => $1)
           limit $2
           for update skip locked
         )`,
        [hours * 3600, batch],
      );
      pruned += Number(rowCount);
      if (rowCount !== batch) return pruned;
    }
  }

  return { append, read, readStates, prune };
}

/** What a log can do. */
export type EventLog = ReturnType<typeof createEventLog>;

type PruneOptions = { hours: number; batch: number };
type StateRow = { last: string; rights: string };
type EventRow = { id: string; type: string; data: string };
type Row = StateRow & (EventRow | { id: null });

function toState(row: StateRow | undefined): TopicState {
  const { last = 0, rights = 0 } = row ?? {};
  return { last: Number(last), rights: Number(rights) };
}

// #region tell-a-gap
/** Ends before a hole; a reader that is at one gets a `reset`. */
function toChunk(rows: Row[], after?: number): Chunk {
  const state = toState(rows[0]);
  let next = after ?? state.last;
  let frames = '';
  for (const row of rows) {
    if (row.id === null || Number(row.id) !== next + 1) break;
    frames += `id: ${row.id}\nevent: ${row.type}\ndata: ${row.data}\n\n`;
    next += 1;
  }
  if (frames === '' && next !== state.last) {
    next = state.last;
    frames = `id: ${next}\nevent: reset\ndata: ${next}\n\n`;
  }
  return { ...state, bytes: Buffer.from(frames), next };
}
// #endregion tell-a-gap
