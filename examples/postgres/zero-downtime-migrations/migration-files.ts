import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';

/** One file, and how it runs: by default, in one transaction. */
export type Step = {
  file: string;
  kind: 'transaction' | 'concurrent' | 'backfill';
  sql: string;
};

/** A step in each direction; where one is missing, there is nothing to do. */
export type Migration = {
  name: string;
  checksum: string;
  up?: Step | undefined;
  down?: Step | undefined;
};

export type Direction = 'up' | 'down';

/** Before the first migration. */
export const START = 'start';

type ErrorCode =
  | 'bad_batch'
  | 'bad_folder'
  | 'edited'
  | 'lag_hidden'
  | 'out_of_order'
  | 'refused'
  | 'unknown_target';

/** A migration that was stopped before it did harm, and why. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

const FILE =
  /^((\d{4})-[a-z0-9-]+)\.(up|down)(?:\.(concurrent|backfill))?\.sql$/;

/** Reads the migrations of a folder, in the order of their numbers. */
export function readMigrations(folder: URL): Migration[] {
  const steps = new Map<string, Pick<Migration, Direction | 'name'>>();
  for (const file of readdirSync(folder).toSorted()) {
    const [, name, number, way, kind = 'transaction'] =
      FILE.exec(file) ?? [];
    if (!name || !number || !way)
      throw refuse(`${file} is not named NNNN-name.up.sql`);
    const known = steps.get(number) ?? { name };
    if (known.name !== name)
      throw refuse(`${known.name} and ${name} have the same number`);
    const direction = way === 'up' ? 'up' : 'down';
    if (known[direction])
      throw refuse(`${known[direction].file} and ${file} collide`);
    const text = readFileSync(new URL(file, folder), 'utf8');
    // A checkout on another system may have other line ends.
    const sql = text.replaceAll('\r\n', '\n');
    steps.set(number, { ...known, [direction]: { file, kind, sql } });
  }
  return [...steps.values()].map(createMigration);
}

/** A migration of the given steps, with the checksum that its history keeps. */
export function createMigration({
  name,
  up,
  down,
}: Pick<Migration, Direction | 'name'>): Migration {
  const text = JSON.stringify([up?.sql, down?.sql]);
  const checksum = createHash('sha256').update(text).digest('hex');
  return { name, checksum, up, down };
}

function refuse(message: string) {
  return new MigrationError('bad_folder', message);
}
