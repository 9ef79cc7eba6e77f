/** A table of readings or roll-ups, and for how long its rows stay. */
export type Level = {
  table: 'sensor_readings' | 'minutes' | 'quarters';
  /** How far apart its rows are. */
  seconds: number;
  /** The span of one partition. */
  partition: 'day' | 'month' | 'year';
  keepDays: number;
};

/** From fine to coarse; each is kept longer than the one before it. */
export const LEVELS: readonly [Level, Level, Level] = [
  {
    table: 'sensor_readings',
    seconds: 1,
    partition: 'day',
    keepDays: 90,
  },
  {
    table: 'minutes',
    seconds: 60,
    partition: 'month',
    keepDays: 400,
  },
  {
    table: 'quarters',
    seconds: 900,
    partition: 'year',
    keepDays: 3660,
  },
];

/** A day of UTC, in milliseconds. */
export const DAY = 86_400_000;
