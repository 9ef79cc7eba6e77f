const QUARTER = 900_000;

type Unit = 'day' | 'week' | 'month' | 'year';
type Span = { zone: string; from: Date; to: Date };

/** Where the days, weeks, months or years of a span begin, and how many quarters of an hour each has: Intl is asked for the date of each quarter. */
export function countQuarters(unit: Unit, { zone, from, to }: Span) {
  const format = new Intl.DateTimeFormat('sv', { timeZone: zone });
  const keyOf = (time: number) => toKey(unit, format.format(time));
  let time = Math.floor(from.getTime() / QUARTER) * QUARTER;
  const first = keyOf(time);
  while (keyOf(time - QUARTER) === first) time -= QUARTER;
  const found: { at: Date; quarters: number }[] = [];
  let last = '';
  for (; time < to.getTime(); time += QUARTER) {
    const key = keyOf(time);
    if (key !== last) found.push({ at: new Date(time), quarters: 0 });
    for (const step of found.slice(-1)) step.quarters += 1;
    last = key;
  }
  return found;
}

/** The step that a date such as 2026-03-29 belongs to. */
function toKey(unit: Unit, date: string): string {
  if (unit === 'month') return date.slice(0, 7);
  if (unit === 'year') return date.slice(0, 4);
  if (unit === 'day') return date;
  const monday = new Date(date);
  monday.setUTCDate(
    monday.getUTCDate() - ((monday.getUTCDay() + 6) % 7),
  );
  return monday.toISOString();
}
