import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MdastPluginDefinition } from 'satteri';
import { drawBench } from '../charts/draw-bench.ts';
import { readEvidence } from '../patterns/evidence.ts';
import { findPatternId } from '../patterns/find-pattern-id.ts';

/** Leaves the markers of generated blocks out of the built page, and draws the bench where its block begins. */
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
  };

  function drawFor(page: URL | undefined): string | undefined {
    const id = page && findPatternId(relative(root, fileURLToPath(page)));
    const { bench } = id ? readEvidence(root, id) : {};
    return bench && drawBench(bench);
  }
}
