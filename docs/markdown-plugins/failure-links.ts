import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toString as textOf } from 'mdast-util-to-string';
import type { MdastPluginDefinition } from 'satteri';
import { locateFailure } from '../../scripts/engine/locate-failure.ts';
import { examplePath } from '../../scripts/pattern/ids.ts';
import { nameSnippet } from '../code-blocks/name-snippet.ts';
import { readEvidence } from '../patterns/evidence.ts';
import { findPatternId } from '../patterns/find-pattern-id.ts';
import { linkSource } from '../source-links.ts';

/** Links each row of a failure table to the test that it is, and its defence to the code. */
export function failureLinks(root: string): MdastPluginDefinition {
  return {
    name: 'failure-links',
    table(table, context) {
      const [head, ...rows] = table.children;
      const path = context.fileURL && fileURLToPath(context.fileURL);
      const id = path && findPatternId(relative(root, path));
      if (!id || textOf(head?.children[0]) !== 'What goes wrong') return;
      const page = readFileSync(path, 'utf8');
      const tests = listTests(root, id);
      for (const [index, { children }] of rows.entries()) {
        const [title, , defence] = children;
        link(title, tests[index] && linkSource(tests[index]));
        link(defence, findRegion({ root, id, page, name: textOf(defence) }));
      }

      function link(
        cell: (typeof table.children)[number]['children'][number] | undefined,
        url: string | undefined,
      ) {
        if (!cell || !url) return;
        const children = [{ type: 'link' as const, url, children: [...cell.children] }];
        context.replaceNode(cell, { type: 'tableCell', children });
      }
    },
  };
}

/** The test of each failure, as a place in the repository, in the order of the table: both come from the proof. */
export function listTests(root: string, id: string): string[] {
  const { proof } = readEvidence(root, id);
  return (proof?.failures ?? []).map((failure) => {
    const { path, line } = locateFailure(proof ?? { tests: [] }, failure);
    return `${examplePath(id, path)}#L${line}`;
  });
}

type Wanted = { root: string; id: string; page: string; name: string };

/** A region of code: on this page if it shows it, else in its file on the web. */
function findRegion({ root, id, page, name }: Wanted): string | undefined {
  if (name === '') return undefined;
  const shown = [...page.matchAll(/^```.* source="([^"]+)"/gm)].map(([, source = '']) => source);
  const here = shown.find((source) => source.endsWith(`#${name}`));
  if (here) return `#${nameSnippet(here)}`;
  for (const [path, text] of readEvidence(root, id).sources) {
    const lines = text.split('\n');
    const index = lines.findIndex((line) => line.trimEnd().endsWith(`#region ${name}`));
    if (index >= 0) return linkSource(`${examplePath(id, path)}#L${index + 1}`);
  }
  return undefined;
}
