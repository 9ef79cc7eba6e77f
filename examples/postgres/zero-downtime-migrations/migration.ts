/** What one file says, and how it must be run. */
export type Step = {
  kind: 'transaction' | 'concurrent' | 'backfill';
  sql: string;
  /** It reads whole tables, under a lock that lets others by. */
  scans: boolean;
  /** The index that it builds. */
  index?: string;
};

/** A step in each direction; where one is missing, there is nothing to do. */
export type Migration = {
  name: string;
  checksum: string;
  up?: Step;
  down?: Step;
};

export type Direction = 'up' | 'down';

/** A migration that was not begun, and why. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
  readonly status = 409;
  readonly code: 'edited' | 'out_of_order' | 'refused' | 'unknown';

  constructor(code: MigrationError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** Before the first migration. */
export const START = 'start';
