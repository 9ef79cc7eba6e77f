import { describe, expect, it } from 'vitest';
import { buildProof } from './build-proof.ts';
import { createTestRecord } from './create-test-record.ts';
import type { Span } from './executed.ts';
import type { TestRecord } from './test-report.ts';

const SOURCE = `// #region choose
export function choose(late: boolean): string {
  if (late) return 'late';
  return 'early';
}
// #endregion choose
export const other = 1;
`;

const REST = { outputs: {}, key: 'k', versions: { Node: '26.10.0' } };

describe('buildProof', () => {
  it('names for each line of a region the tests that ran it', () => {
    const { files } = prove([
      record('a', [SOURCE.indexOf('if (late)'), SOURCE.indexOf('if (late)') + 24]),
      record('b', [0, SOURCE.length]),
    ]);

    expect(files['app.ts']).toEqual({
      kind: 'executed',
      lines: { '2-2': '1', '3-3': '0-1', '4-4': '1' },
    });
  });

  it('names a line of which a part was never run', () => {
    const upToReturn = SOURCE.indexOf("return 'late'");
    const { unproven } = prove([record('a', [0, upToReturn])]);

    expect(unproven).toEqual({ 'app.ts': [3, 4] });
  });

  it('takes a line for run when two tests ran its two halves', () => {
    const middle = SOURCE.indexOf("return 'late'");
    const { unproven } = prove([record('a', [0, middle]), record('b', [middle, SOURCE.length])]);

    expect(unproven).toEqual({});
  });

  it('lists failures in the order of their tests, with where they are declared', () => {
    const failure = { symptom: 's', defence: 'choose', remains: 'r' };
    const { failures } = prove([record('a'), { ...record('b'), failure, line: 7 }]);

    expect(failures).toEqual([{ title: 'b', ...failure, test: 1, line: 7 }]);
  });

  it('proves SQL by its being applied, and says nothing of SQL that was not', () => {
    const applied = { ...record('a'), evidence: new Map([['schema.sql', 'applied' as const]]) };
    const sources = new Map([
      ['schema.sql', 'select 1'],
      ['unused.sql', 'select 2'],
    ]);

    const { files } = buildProof({ ...REST, sources, records: [record('b'), applied] });

    expect(files).toEqual({ 'schema.sql': { kind: 'applied', tests: '1' } });
  });
});

function prove(records: TestRecord[]) {
  return buildProof({ ...REST, sources: new Map([['app.ts', SOURCE]]), records });
}

function record(title: string, ...spans: Span[]): TestRecord {
  return createTestRecord({ title, file: 'a.test.ts', executed: new Map([['app.ts', spans]]) });
}
