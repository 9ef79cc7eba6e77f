import type { MutationRecord } from '../../scripts/mutate/mutation-record.ts';

const place = { line: 2, column: 13 };

/** A record with a mutant of each kind: three caught, one of them only by a test that a reader does not get, one survivor and one equivalent. */
export const SAMPLE_RECORD: MutationRecord = {
  key: 'key',
  files: {
    'due.ts': { generated: 4, caught: 2, caughtByReaders: 1, equivalent: 1 },
    'sql/due.sql': { generated: 1, caught: 1, caughtByReaders: 1, equivalent: 0 },
  },
  survivors: [
    {
      ...place,
      file: 'due.ts',
      operator: 'comparison-boundary',
      meaning: '`<=` became `<`',
      was: 'return at <= now;',
      now: 'return at < now;',
    },
    {
      ...place,
      file: 'due.ts',
      line: 7,
      operator: 'statement-removed',
      meaning: '`await pool.query( `delete from due` )` is gone',
      was: 'await end();\nawait pool.query(`delete from due`);',
      now: 'await end();',
      caughtByOthers: true,
    },
  ],
  equivalents: [
    {
      ...place,
      file: 'due.ts',
      line: 9,
      operator: 'number-changed',
      meaning: '`1` became `2`',
      was: 'return 1 + rest;',
      now: 'return 2 + rest;',
      reason: 'The caller only asks whether `rest` > 0',
    },
  ],
};
