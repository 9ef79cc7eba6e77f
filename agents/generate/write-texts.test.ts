import { describe, expect, it } from 'vitest';
import { ROOT } from '../../scripts/files/root.ts';
import { readSourcePatterns } from './read-pattern.ts';
import { writeStandard } from './write-texts.ts';

describe.each(readSourcePatterns(ROOT).map((pattern) => [pattern.id, pattern] as const))(
  'what an agent reads of %s',
  (_, pattern) => {
    const text = writeStandard(pattern);

    it('says what remains to be done of the first failures', () => {
      const remains = (pattern.proof?.failures ?? []).slice(0, 6).map((one) => one.remains);
      expect(remains).toHaveLength(6);
      for (const one of remains) expect(text).toContain(one);
    });

    it('shows code, and how it is wired where the page does', () => {
      const wire = /```ts source="([\w./-]+#wire)"/.exec(pattern.body)?.[1];
      expect(text).toContain(wire ? `source="${wire}"` : '\n```');
    });
  },
);
