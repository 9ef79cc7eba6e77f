import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toString as textOf } from 'mdast-util-to-string';
import type { MdastPluginDefinition } from 'satteri';
import type { Bench } from '../../scripts/engine/records.ts';
import { describeCount } from '../../scripts/text/describe-count.ts';
import { drawBench } from '../charts/draw-bench.ts';
import { readEvidence } from '../patterns/evidence.ts';
import { findPatternId } from '../patterns/find-pattern-id.ts';

/** Leaves the markers of generated blocks out of the built page; where the bench begins, it draws the bench and folds its tables. */
export function generatedMarks(root: string): MdastPluginDefinition {
  return {
    name: 'generated-marks',
    html(node, context) {
      const comment = /^<!--([\s\S]*)-->$/.exec(node.value.trim())?.[1]?.trim();
      if (comment === undefined) return;
      const chart = comment === 'generated:bench' && drawFor(context.fileURL);
      if (chart) context.replaceNode(node, { type: 'html', value: chart });
      else context.removeNode(node);
    },
    paragraph(node, context) {
      // The tables of a bench end with this line, which stays in sight.
      if (!findId(context.fileURL) || !/^Measured \d{4}-\d\d-\d\d on /.test(textOf(node))) return;
      context.insertBefore(node, { type: 'html', value: CLOSE });
    },
  };

  function drawFor(page: URL | undefined): string | undefined {
    const id = findId(page);
    const { bench } = id ? readEvidence(root, id) : {};
    return bench && drawFolded(bench.tables);
  }

  function findId(page: URL | undefined): string | undefined {
    return page && findPatternId(relative(root, fileURLToPath(page)));
  }
}

/** The charts that are always in sight: two are side by side. */
const CHARTS = 2;

/** What comes after the first charts is folded; the tables of the page follow in the same fold. */
function drawFolded(tables: Bench['tables']): string {
  const rest = tables.slice(CHARTS);
  const more = rest.length > 0 ? `${describeCount(rest.length, 'more chart')}, and all` : 'The';
  return [
    drawBench({ tables: tables.slice(0, CHARTS) }),
    `<details class="figures"><summary>${more} figures as tables</summary>`,
    rest.length > 0 ? drawBench({ tables: rest }) : '',
  ].join('');
}

const CLOSE = '</details>';
