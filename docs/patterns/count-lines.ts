import { followImports } from '../../scripts/pattern/follow-imports.ts';
import type { SitePattern } from './library.ts';

const MARKER = /^\s*(?:\/\/|--|#|<!--)\s*#(?:end)?region\b/;

/** How many lines a reader copies of a pattern, without those of the patterns that it builds on; blank lines and markers of regions do not count. */
export function countLines({ evidence: { sources }, data }: CountedPattern): number {
  const lines = [...followImports(sources, data.files)].flatMap((path) =>
    (sources.get(path) ?? '').split('\n'),
  );
  return lines.filter((line) => line.trim() !== '' && !MARKER.test(line)).length;
}

type CountedPattern = {
  evidence: Pick<SitePattern['evidence'], 'sources'>;
  data: Pick<SitePattern['data'], 'files'>;
};
