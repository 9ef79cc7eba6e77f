import type { Queryable } from '../../postgres/transactions-and-locking/queryable.ts';
import { DAY, LEVELS, type Level } from './levels.ts';

/** A span of time of one sensor, and how finely to draw it. */
export type HistoryQuery = {
  sensorId: number;
  from: Date;
  to: Date;
  /** The IANA zone of its days, weeks, months and years. */
  zone: string;
  /** At least 50. */
  maxPoints: number;
};

/** What was measured from `at` to the next point; a gap has a count of 0. */
export type Point = {
  at: Date;
  count: number;
  mean: number | null;
  min: number | null;
  max: number | null;
};

/** The points, the distance between them, and the table that they are from. */
export type History = {
  step: string;
  table: Level['table'];
  points: Point[];
};

// #region choose-step
type Step = { step: string; seconds: number; unit?: string };

// The clocks of a zone change by three hours at most, since 2012.
const SHIFT = 3 * 3600;

/** From fine to coarse, with the fewest seconds that a step has. */
const STEPS: readonly Step[] = [
  { step: '1 second', seconds: 1 },
  { step: '10 seconds', seconds: 10 },
  { step: '1 minute', seconds: 60 },
  { step: '5 minutes', seconds: 300 },
  { step: '15 minutes', seconds: 900 },
  { step: '1 hour', seconds: 3600 },
  { step: '1 day', seconds: 86_400 - SHIFT, unit: 'day' },
  { step: '1 week', seconds: 7 * 86_400 - SHIFT, unit: 'week' },
  { step: '1 month', seconds: 28 * 86_400 - SHIFT, unit: 'month' },
  { step: '1 year', seconds: 365 * 86_400 - SHIFT, unit: 'year' },
];

/** The finest step that fits, and the coarsest table that has it. */
export function chooseStep(
  { from, to, maxPoints }: Omit<HistoryQuery, 'sensorId' | 'zone'>,
  now: Date,
) {
  const age = now.getTime() - from.getTime();
  const finest =
    LEVELS.find(({ keepDays }) => age <= keepDays * DAY) ?? LEVELS[2];
  const span = (to.getTime() - from.getTime()) / 1000;
  // A span may begin in the middle of a step.
  const step = STEPS.find(
    ({ seconds }) =>
      seconds >= finest.seconds && span / seconds + 1 <= maxPoints,
  );
  if (!step) throw new RangeError('The span is too long');
  const fits = ({ seconds }: Level) => seconds <= step.seconds;
  return { ...step, level: LEVELS.findLast(fits) ?? finest };
}
// #endregion choose-step

/** Postgres takes `+02:00` and `X/Y+2` for POSIX specifications, whose positive sign is west of Greenwich. */
export const ZONE_NAME = /^(?:UTC|[A-Z][a-z]+\/[A-Za-z/_-]+)$/;

/** The statement that reads a history; `explain` in front of it shows what it reads. */
export function describeHistory(query: HistoryQuery, now: Date) {
  const { step, unit, level } = chooseStep(query, now);
  const { sensorId, from, to, zone } = query;
  if (!ZONE_NAME.test(zone))
    throw new RangeError('Name a zone such as Europe/Berlin');
  return {
    step,
    table: level.table,
    text: toSql(level.rows, unit ? toCalendar(unit) : CLOCK),
    values: [sensorId, from, to, step, zone],
  };
}

// #region zone-steps
type Counting = {
  /** SQL for the step that an instant belongs to. */
  toKey: (instant: string) => string;
  /** SQL for the instant at which a step begins. */
  toStart: (key: string) => string;
};

// Counted in local time. A midnight may be skipped, or come twice;
// the end of the microsecond before it is the first of the day.
const toCalendar = (unit: string): Counting => ({
  toKey: (instant) =>
    `date_trunc('${unit}', ${instant} at time zone $5)`,
  toStart: (local) =>
    `((${local} - interval '1 us') at time zone $5 + interval '1 us')`,
});

// Counted in UTC, from the midnight before the span in that zone.
const day = toCalendar('day');
const MIDNIGHT = day.toStart(day.toKey('$2::timestamptz'));
const CLOCK: Counting = {
  toKey: (instant) => `date_bin($4::interval, ${instant}, ${MIDNIGHT})`,
  toStart: (instant) => instant,
};
// #endregion zone-steps

// The conditions are on the bare column, so partitions are pruned.
// The mean is that of all readings, not of means.
function toSql(rows: string, { toKey, toStart }: Counting): string {
  const first = toKey('$2::timestamptz');
  return `with points as (
      select ${toKey('at')} as key, sum(count)::float8 as count,
             sum(sum) / sum(count) as mean,
             min(min) as min, max(max) as max
      from ${rows} as level
      where sensor_id = $1 and at >= ${toStart(first)} and at < $3
      group by 1
    )
    select ${toStart('key')} as at, coalesce(count, 0) as count,
           mean, min, max
    from generate_series(${first}, ${toKey('$3::timestamptz')},
      $4::interval) as key
    left join points using (key)
    where ${toStart('key')} < $3
    order by key`;
}

/** Reads what was measured, as finely as the points allow. */
export async function readHistory(
  db: Queryable,
  query: HistoryQuery,
  now: Date,
): Promise<History> {
  const { text, values, ...about } = describeHistory(query, now);
  const { rows } = await db.query<Point>(text, values);
  return { ...about, points: rows };
}
