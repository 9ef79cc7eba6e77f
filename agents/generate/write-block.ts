import { writeCall } from '../cli/command-list.ts';
import { INSTALL } from '../library/package-name.ts';
import { endMarker, startMarker } from '../project/block-markers.ts';
import { BUDGETS } from './budgets.ts';
import { fitHints, type Hinted, withHint } from './fit-hints.ts';
import { groupByArea } from './group-by-area.ts';

/** A pattern as the block names it. */
export type BlockPattern = Hinted & { area: string; slug: string };

const HEAD = `## Backend patterns

Before you write backend code on a topic below, read its pattern, and prefer it to your memory.
Read it: \`${writeCall('show', '<area>/<slug>')}\`, or the MCP server \`${writeCall('mcp')}\`. Copy its code and its tests: \`${writeCall('add', '<area>/<slug> --with-tests')}\`. No pattern fits: \`${writeCall('search', '"<symptom or error message>"')}\`.
If a pattern is missing, \`${writeCall('init')}\` updates this list. If the package is missing, ${INSTALL}.`;

/** The part of a project's AGENTS.md that says which patterns there are and when to read one. */
export function writeBlock(patterns: readonly BlockPattern[], version: string): string {
  return fitHints(BUDGETS.block.tokens, (hint) => {
    const groups = groupByArea(patterns).map(([area, group]) => {
      const lines = group.map((pattern) => `- ${withHint(pattern.slug, hint(pattern))}`);
      return `${area}:\n${lines.join('\n')}`;
    });
    return `${[startMarker(version), HEAD, ...groups].join('\n\n')}\n${endMarker}\n`;
  });
}
