import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toString as textOf } from 'mdast-util-to-string';
import type { MdastPluginDefinition } from 'satteri';
import { locateFailure } from '../../scripts/engine/locate-failure.ts';
import { readEvidence } from '../patterns/evidence.ts';
import { findPatternId } from '../patterns/find-pattern-id.ts';
import { repositoryUrl } from '../site.ts';

/** Makes of each row of a failure table a link to the test that it is. */
export function failureLinks(root: string): MdastPluginDefinition {
  return {
    name: 'failure-links',
    table(table, context) {
      const [head, ...rows] = table.children;
      const id = context.fileURL && findPatternId(relative(root, fileURLToPath(context.fileURL)));
      if (!id || textOf(head?.children[0]) !== 'What goes wrong') return;
      const urls = listTests(root, id);
      for (const [index, { children }] of rows.entries()) {
        const [cell] = children;
        const url = urls[index];
        if (!cell || !url) continue;
        const link = { type: 'link' as const, url, children: [...cell.children] };
        context.replaceNode(cell, { type: 'tableCell', children: [link] });
      }
    },
  };
}

/** The test of each failure on the web, in the order of the table: both come from the proof. */
function listTests(root: string, id: string): string[] {
  const { proof } = readEvidence(root, id);
  return (proof?.failures ?? []).map((failure) => {
    const { path, line } = locateFailure(proof ?? { tests: [] }, failure);
    return `${repositoryUrl}/tree/main/examples/${id}/${path}#L${line}`;
  });
}
