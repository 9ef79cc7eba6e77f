import { definePlugin } from '@astrojs/starlight/expressive-code';
import { h } from '@astrojs/starlight/expressive-code/hast';
import { findShownPattern } from './example-blocks.ts';
import { findChild } from './find-child.ts';

/** A block of more lines is folded. */
const MOST_LINES = 14;
/** After so many, or at a blank line that is not far from there. */
const SHOWN_LINES = 10;
const NEAR = 2;

/** After how many lines the code of a pattern is folded: at a blank line where there is one. */
export function findFold(lines: readonly { text: string }[]): number {
  if (lines.length <= MOST_LINES) return lines.length;
  const from = SHOWN_LINES - NEAR;
  const near = lines.slice(from, SHOWN_LINES + NEAR + 1);
  const blank = near.findLastIndex(({ text }) => text === '');
  return blank === -1 ? SHOWN_LINES : from + blank;
}

/** Folds the end of a long snippet. The browser's search, a link to it and print find it open. */
export const foldLongCode = definePlugin({
  name: 'fold-long-code',
  hooks: {
    postprocessRenderedBlock({ codeBlock, renderData: { blockAst } }) {
      const code = findChild(findChild(blockAst, 'pre'), 'code');
      if (!code || !findShownPattern(codeBlock) || !codeBlock.metaOptions.getString('source'))
        return;
      const rest = code.children.splice(findFold(codeBlock.getLines()));
      if (rest.length > 0)
        code.children.push(h('details', [h('summary', `Show ${rest.length} more lines`), ...rest]));
    },
  },
});
