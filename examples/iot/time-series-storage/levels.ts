/** A table of readings or roll-ups, and how long its rows stay. */
export type Level = {
  table: 'sensor_readings' | 'minutes' | 'quarters';
  /** SQL of its rows in the form of roll-ups. */
  rows: string;
  /** The distance between its rows. */
  seconds: number;
  /** The span of one partition. */
  partition: 'day' | 'month' | 'year';
  keepDays: number;
};

/** From fine to coarse; each is kept longer than the one before it. */
export const LEVELS: readonly [Level, Level, Level] = [
  {
    table: 'sensor_readings',
    rows: `(select sensor_id, at, 1 as count, value as sum,
              value as min, value as max
            from sensor_readings)`,
    seconds: 1,
    partition: 'day',
    keepDays: 90,
  },
  {
    table: 'minutes',
    rows: 'minutes',
    seconds: 60,
    partition: 'month',
    keepDays: 400,
  },
  {
    table: 'quarters',
    rows: 'quarters',
    seconds: 900,
    partition: 'year',
    keepDays: 3660,
  },
];

/** How late a reading may come: long before its day is dropped. */
export const LATE_DAYS = 30;

/** How far the clock of a sensor may be ahead. */
export const AHEAD_SECONDS = 300;

/** A day of UTC, in milliseconds. */
export const DAY = 86_400_000;
