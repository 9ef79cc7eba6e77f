import type { Pool } from 'pg';
import { DAY, LEVELS, type Level } from './levels.ts';

/** A span of time of one sensor, and how fine it shall be drawn. */
export type HistoryQuery = {
  sensorId: number;
  from: Date;
  to: Date;
  /** The IANA zone whose days, weeks, months and years are meant. */
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

/** The points, how far apart they are, and the table they are from. */
export type History = {
  step: string;
  table: Level['table'];
  points: Point[];
};

// #region choose-step
/** From fine to coarse, with the least seconds that a step can have. */
const STEPS = [
  { step: '1 second', seconds: 1 },
  { step: '10 seconds', seconds: 10 },
  { step: '1 minute', seconds: 60 },
  { step: '5 minutes', seconds: 300 },
  { step: '15 minutes', seconds: 900 },
  { step: '1 hour', seconds: 3600 },
  { step: '6 hours', seconds: 21_600 },
  { step: '1 day', seconds: 82_800, unit: 'day' }, // one has 23 hours
  { step: '1 week', seconds: 601_200, unit: 'week' },
  { step: '1 month', seconds: 28 * 86_400, unit: 'month' },
  { step: '1 year', seconds: 365 * 86_400, unit: 'year' },
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
  const step = STEPS.find(
    ({ seconds }) =>
      // A span has part of a step at either end.
      seconds >= finest.seconds && span / seconds + 2 <= maxPoints,
  );
  if (!step) throw new RangeError('The span is too long');
  const { table } = LEVELS.reduce((fit, level) =>
    level.seconds <= step.seconds ? level : fit,
  );
  return { unit: undefined, ...step, table };
}
// #endregion choose-step

/** The statement that reads a history; `explain` in front of it shows what it reads. */
export function describeHistory(query: HistoryQuery, now: Date) {
  const { step, unit, table } = chooseStep(query, now);
  const { sensorId, from, to, zone } = query;
  const text = toSql(ROWS[table], unit);
  return {
    step,
    table,
    text,
    values: [sensorId, from, to, step, zone],
  };
}

/** A reading is a roll-up of one. */
const ROWS = {
  sensor_readings: `(select sensor_id, at, 1 as count, value as sum,
                     value as min, value as max
              from sensor_readings)`,
  minutes: 'minutes',
  quarters: 'quarters',
};

// #region history-sql
// Only the bounds are rounded, never the column: so partitions are
// pruned. The mean is of all readings, not of means.
function toSql(rows: string, unit: string | undefined): string {
  const round = (time: string) =>
    unit
      ? `date_trunc('${unit}', ${time}, $5)`
      : `date_bin($4::interval, ${time}, 'epoch')`;
  const start = round('$2::timestamptz');
  return `with points as (
      select ${round('at')} as at, sum(count)::float8 as count,
             sum(sum) / sum(count) as mean, min(min), max(max)
      from ${rows} as level
      where sensor_id = $1 and at >= ${start} and at < $3
      group by 1
    )
    select at, coalesce(count, 0) as count, mean, min, max
    from generate_series(${start},
      $3::timestamptz - interval '1 us', $4::interval, $5) as at
    left join points using (at)
    order by at`;
}
// #endregion history-sql

/** Reads what was measured, as finely as the points allow. */
export function createHistory(options: {
  pool: Pool;
  clock: () => Date;
}) {
  const { pool, clock } = options;

  async function read(query: HistoryQuery): Promise<History> {
    const { text, values, ...about } = describeHistory(query, clock());
    const { rows } = await pool.query<Point>(text, values);
    return { ...about, points: rows };
  }

  return { read };
}
