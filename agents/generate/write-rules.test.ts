import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createSamplePatterns } from './sample-patterns.ts';
import { writeMarketplace, writePlugin } from './write-plugin.ts';
import { writeRules } from './write-rules.ts';

const patterns = createSamplePatterns(60);
const areas = [...new Set(patterns.map(({ area }) => area))].sort();
const files = writeRules(patterns);

describe('the rules', () => {
  it('are one file for each area and tool', () => {
    expect(files.map(([path]) => path)).toEqual(
      areas.flatMap((area) => [`cursor/${area}.mdc`, `github/${area}.instructions.md`]),
    );
  });

  it.each(files.filter(([path]) => path.endsWith('.mdc')))(
    '%s has the three keys of Cursor',
    (_, text) => {
      const keys = readHead(text).map((line) => line.replace(/:.*/, ''));
      expect(keys).toEqual(['description', 'globs', 'alwaysApply']);
      expect(readHead(text)[2]).toBe('alwaysApply: false');
      for (const glob of readHead(text)[1]?.slice('globs: '.length).split(',') ?? [])
        expect(glob).toMatch(/^\*\*\/\*[a-z0-9]+\*(\/\*\*|\.ts)$/);
    },
  );

  it.each(files.filter(([path]) => path.endsWith('.md')))(
    '%s says to which files it applies',
    (_, text) => {
      const head = parse(readHead(text).join('\n')) as { description: string; applyTo: string };
      expect(Object.keys(head)).toEqual(['description', 'applyTo']);
      expect(head.applyTo.split(',').every((glob) => glob.startsWith('**/*'))).toBe(true);
    },
  );

  it('name each pattern once for each tool', () => {
    const all = files.map(([, text]) => text).join('');
    for (const { id } of patterns) expect(all.split(`- \`${id}\`: `)).toHaveLength(3);
  });
});

describe('the plugin', () => {
  it('has a manifest, and a marketplace that points at its folder', () => {
    const plugin = JSON.parse(writePlugin('1.2.3')) as { name: string; version: string };
    const { plugins, owner } = JSON.parse(writeMarketplace()) as {
      owner: { name: string };
      plugins: { name: string; source: string }[];
    };
    expect(plugin).toMatchObject({ name: 'touchstone', version: '1.2.3' });
    expect(owner.name).not.toBe('');
    expect(plugins).toMatchObject([{ name: plugin.name, source: './agents' }]);
  });
});

function readHead(text: string): string[] {
  const [, head = ''] = /^---\n([\s\S]*?)\n---\n/.exec(text) ?? [];
  return head.split('\n');
}
