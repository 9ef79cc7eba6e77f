import { describe, expect, it } from 'vitest';
import { BUDGETS } from './budgets.ts';
import { countTokens } from './count-tokens.ts';
import { createSamplePatterns } from './sample-patterns.ts';
import { writeBlock } from './write-block.ts';

const { tokens, patterns: MOST } = BUDGETS.block;

describe('the block for a project', () => {
  it('names 120 patterns of the catalogue within its budget', () => {
    const patterns = createSamplePatterns(MOST);
    const block = writeBlock(patterns, '1.2.3');
    expect(countTokens(block)).toBeLessThanOrEqual(tokens);
    for (const { slug } of patterns) expect(block).toMatch(new RegExp(`^- ${slug}(: |$)`, 'm'));
  });

  it('says something of nearly every one of them, and does not waste its budget', () => {
    const block = writeBlock(createSamplePatterns(MOST), '1.2.3');
    const bare = block.split('\n').filter((line) => /^- [a-z0-9-]+$/.test(line));
    expect(bare.length).toBeLessThan(MOST / 10);
    expect(countTokens(block)).toBeGreaterThan(tokens * 0.85);
  });

  it('quotes the first symptom of each while there is room', () => {
    const patterns = createSamplePatterns(20);
    const block = writeBlock(patterns, '1.2.3');
    for (const { slug, symptoms } of patterns)
      expect(block).toContain(`- ${slug}: ${symptoms[0]}\n`);
  });

  it('names patterns without a word when there are too many for more', () => {
    const block = writeBlock(createSamplePatterns(234), '1.2.3');
    expect(block.match(/^- [a-z0-9-]+/gm)).toHaveLength(234);
  });

  it('groups by area, in one order, whatever the order of the patterns', () => {
    const patterns = createSamplePatterns(40);
    const areas = [...writeBlock(patterns, '1').matchAll(/^([a-z-]+):$/gm)].map(([, area]) => area);
    expect(areas).toEqual([...new Set(areas)].sort());
    expect(areas.length).toBeGreaterThan(10);
  });

  it('says nothing inside a comment but where it begins and ends', () => {
    const block = writeBlock(createSamplePatterns(3), '1.2.3');
    expect(block.match(/<!--.*?-->/gs)).toEqual([
      '<!-- touchstone:start v=1.2.3 -->',
      '<!-- touchstone:end -->',
    ]);
    expect(block.startsWith('<!--') && block.endsWith('-->\n')).toBe(true);
  });
});
