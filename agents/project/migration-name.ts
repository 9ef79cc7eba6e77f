const NUMBERED = /^([a-z]?)(\d+)(__|[_.-])/i;

/** Migrators that go back as well have a file for each way. */
const DIRECTION = /\.(up|down)(\.\w+)?\.sql$/;

/** A name for a new migration that sorts behind those that are there, and is written as they are. */
export function nameMigration(present: readonly string[], subject: string, now: Date): string {
  const names = present.filter((name) => name.endsWith('.sql') || NUMBERED.test(name)).sort();
  const last = names.at(-1);
  const [, letter = '', digits, mark = '_'] = NUMBERED.exec(last ?? '') ?? [];
  const word = subject.replaceAll(/[-_]/g, mark === '-' ? '-' : '_');
  if (last === undefined) return `0001_${word}.sql`;
  const end = DIRECTION.test(last) ? 'up.sql' : 'sql';
  if (digits === undefined) return `${last.replace(/\..*/, '')}_${word}.${end}`;
  const highest = names.map((name) => NUMBERED.exec(name)?.[2] ?? '0').reduce(larger);
  return `${letter}${nextNumber(highest, digits.length, now)}${mark.replace('.', '_')}${word}.${end}`;
}

const larger = (a: string, b: string): string => (BigInt(a) < BigInt(b) ? b : a);

/** A moment where the others are moments, else the next number; never one that sorts before. */
function nextNumber(highest: string, width: number, now: Date): string {
  const next = BigInt(highest) + 1n;
  const moment = BigInt(writeMoment(width, now));
  return String(moment > next ? moment : next).padStart(width, '0');
}

/** `20261121093000` in 14 digits, milliseconds in 13, seconds in 10; else none. */
function writeMoment(width: number, now: Date): string {
  if (width === 14) return now.toISOString().replace(/\D/g, '').slice(0, 14);
  if (width === 13) return `${now.getTime()}`;
  return width === 10 ? `${Math.floor(now.getTime() / 1000)}` : '0';
}

/** The pattern that reads a folder of migrations. */
export const MIGRATOR = 'postgres/zero-downtime-migrations';

/** The name that would come before its first. */
const BEFORE_THE_FIRST = '0000-start.up.sql';

/** The names that new migrations follow: in an empty folder those of our migrator, when it is added. */
export const listNamesBefore = (present: readonly string[], added: readonly { id: string }[]) =>
  present.length === 0 && added.some(({ id }) => id === MIGRATOR)
    ? [BEFORE_THE_FIRST]
    : [...present];
