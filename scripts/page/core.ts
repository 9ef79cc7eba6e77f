import { z } from 'zod';
import type { Finding, FindingCode } from '../engine/findings.ts';
import { LIMITS } from '../engine/limits.ts';
import type { PageResult } from '../engine/page.ts';
import { hintAt, shorten } from '../text/hints.ts';
import type { ReadFrontmatter } from './frontmatter.ts';
import type { Demands } from './levels.ts';

/** The snippet that shows the idea of a page, and which of its lines, counted from 1; without `last`, all. */
export type Core = { source: string; first: number; last?: number };

/** How the frontmatter writes it. */
export const coreField = z
  .string()
  .regex(/^\S+( [1-9]\d*-\d+)?$/, 'it is not a source of a fence, or one and lines: 3-12');

/** Reads the field `core`: `job-queue.ts#claim-jobs`, or `job-queue.ts#claim-jobs 8-20`. */
export function parseCore(core: string): Core {
  const [source = '', range] = core.split(' ');
  if (range === undefined) return { source, first: 1 };
  const [first = 1, last = 1] = range.split('-').map(Number);
  return { source, first, last };
}

type Page = { file: string; built: Pick<PageResult, 'shown'>; demands: Demands };

/** Checks that the core is a part of what the page shows, and short. */
export function checkCore(
  { file, built, demands }: Page,
  { data, locate }: ReadFrontmatter,
): Finding[] {
  if (data === undefined) return [];
  const report = (code: FindingCode, message: string, fix: string, hint = {}): Finding[] => [
    { code, file, ...locate(['core']), message, fix, ...hint },
  ];
  if (data.core === undefined) {
    if (!demands.explained) return [];
    const message = 'the page does not say which of its code shows the idea';
    return report('core-missing', message, 'name it: `core: file.ts#region 3-12`');
  }
  const { source, first, last } = parseCore(data.core);
  const lengths = new Map(built.shown.map((shown) => [nameSource(shown), shown.lines.length]));
  const length = lengths.get(source);
  if (length === undefined) {
    const message = `no fence of the page shows ${shorten(source)}`;
    const fix = 'name the source of a fence';
    return report('core-unshown', message, fix, hintAt(source, lengths.keys()));
  }
  const end = last ?? length;
  if (end > length) {
    const message = `${shorten(source)} has ${length} lines, and \`core\` names line ${end}`;
    return report('core-unshown', message, 'name lines that it has');
  }
  const count = end - first + 1;
  if (count > 0 && count <= LIMITS.coreLines) return [];
  const message = `the core has ${count} lines, and 1 to ${LIMITS.coreLines} are demanded`;
  return report('core-length', message, `name fewer: \`core: ${source} 1-${LIMITS.coreLines}\``);
}

const nameSource = ({ file, region }: PageResult['shown'][number]): string =>
  region === undefined ? file : `${file}#${region}`;
