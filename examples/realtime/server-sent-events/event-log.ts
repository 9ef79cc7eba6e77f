import type { ClientBase, Pool } from 'pg';

/** An event as its writer has it; its data becomes one line of JSON. */
export type NewEvent = { topic: string; type: string; data: unknown };

/** What follows an id in the log, and how the topic stood in that same snapshot. */
export type Page = {
  /** Frames of the stream; their ids count up from `first` without a hole. */
  frames: string[];
  first: number;
  /** The id of the newest event of the topic. */
  last: number;
  rights: number;
};

const PAGE = 32;

/** An append-only log in Postgres: ids of a topic are 1, 2, 3 in the order of commits. */
export function createEventLog({ pool }: { pool: Pool }) {
  // #region append
  /** Give it your transaction, and the event commits with your rows. */
  async function append(
    { topic, type, data }: NewEvent,
    client: Pool | ClientBase = pool,
  ): Promise<number> {
    const { rows } = await client.query<{ id: string }>(
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

  /** Undefined when there is no such topic. */
  async function read(
    topic: string,
    after: number,
  ): Promise<Page | undefined> {
    const { rows } = await pool.query<Row>(
      `select state.last_id as last, state.rights,
              event.id, event.type, event.data
       from topics state
       left join lateral (
         select id, type, data
         from events
         where topic = $1 and id > $2
         order by id
         limit ${PAGE}
       ) event on true
       where state.name = $1
       order by event.id`,
      [topic, after],
    );
    return rows[0] && toPage(rows[0], rows.filter(isEvent));
  }

  async function prune(before: Date): Promise<void> {
    await pool.query('delete from events where created_at < $1', [
      before,
    ]);
  }

  return { append, read, prune };
}

/** What a log can do. */
export type EventLog = ReturnType<typeof createEventLog>;

type Row = { last: string; rights: string } & (EventRow | { id: null });
type EventRow = { id: string; type: string; data: string };

const isEvent = (row: Row): row is Row & EventRow => row.id !== null;

function toPage(state: Row, events: EventRow[]): Page {
  const first = Number(events[0]?.id ?? 0);
  // Rows that somebody deleted are a hole: the page ends before it.
  const hole = events.findIndex(
    ({ id }, n) => Number(id) !== first + n,
  );
  const whole = hole === -1 ? events : events.slice(0, hole);
  return {
    frames: whole.map(toFrame),
    first,
    last: Number(state.last),
    rights: Number(state.rights),
  };
}

/** Neither has a line break: the schema sees to that. */
function toFrame({ id, type, data }: EventRow): string {
  return `id: ${id}\nevent: ${type}\ndata: ${data}\n\n`;
}
