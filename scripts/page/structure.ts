import type { List, Nodes, Root } from 'mdast';
import type { Finding } from '../engine/findings.ts';
import { LIMITS } from '../engine/limits.ts';
import { lineOf, startOf } from '../engine/markdown.ts';
import { describeCount } from '../text/describe-count.ts';
import { shorten } from '../text/hints.ts';
import { findLinks, resolvePageLink } from './links.ts';
import {
  type Check,
  checkSections,
  findSection,
  reportSection,
  type StructureInput,
  splitSections,
} from './sections.ts';

/** Checks what needs a syntax tree: sections, words, links, the diagram and the invariants. */
export function checkStructure(input: StructureInput): Finding[] {
  const tree = leaveOutGenerated(input);
  const check: Check = { ...input, sections: splitSections(tree), findings: [] };
  checkSections(check);
  checkWords(check, tree);
  checkBetweenSnippets(check);
  checkSnippetCount(check);
  checkExplained(check);
  checkFailureCount(check);
  checkBench(check);
  for (const link of findLinks(tree)) checkLink(check, link);
  return check.findings;
}

/** What the page says itself: the tables that are generated were checked where they are made. */
function leaveOutGenerated({ text, built }: StructureInput): Root {
  const { tree } = built.page;
  const isGenerated = (node: Nodes) =>
    built.blocks.some(({ start, end }) => {
      const at = startOf(text, node);
      return at >= start && at < end;
    });
  return { ...tree, children: tree.children.filter((node) => !isGenerated(node)) };
}

function checkWords(check: Check, tree: Root): void {
  const words = countWords(tree);
  const { demands } = check;
  if (words > LIMITS.words) {
    const message = `the page has ${describeCount(words, 'word')}, ${LIMITS.words} at most`;
    reportSection(check, 'words-too-many', {
      line: 1,
      message,
      fix: 'shorten the page, or split the pattern in two',
    });
  }
  if (words >= demands.words) return;
  const message = `the page has ${describeCount(words, 'word')}, ${demands.words} at least at its level`;
  reportSection(check, 'words-too-few', {
    line: 1,
    message,
    fix: 'add the missing parts, or lower the level',
  });
}

/** The words of the prose; code, HTML and frontmatter hold none. */
function countWords(node: Nodes): number {
  if (node.type === 'text' || node.type === 'inlineCode')
    return node.value.match(/\S+/g)?.length ?? 0;
  if (!('children' in node)) return 0;
  return node.children.reduce((sum, child) => sum + countWords(child), 0);
}

function checkBetweenSnippets(check: Check): void {
  let words: number | undefined;
  for (const node of findSection(check, 'The code')?.nodes ?? []) {
    if (node.type !== 'code' || !node.meta?.includes('source=')) {
      if (words !== undefined) words += countWords(node);
      continue;
    }
    if (words !== undefined && words > LIMITS.wordsBetweenSnippets) {
      const message = `${words} words come before this snippet, ${LIMITS.wordsBetweenSnippets} at most`;
      const fix = 'shorten the text, or move it to another section';
      reportSection(check, 'words-between-snippets', { line: lineOf(node), message, fix });
    }
    words = 0;
  }
}

function checkSnippetCount(check: Check): void {
  const section = findSection(check, 'The code');
  if (section === undefined) return;
  const snippets = section.nodes.filter(
    (node) => node.type === 'code' && node.meta?.includes('source='),
  );
  const { demands } = check;
  if (snippets.length >= demands.snippets) return;
  const message = `"The code" has ${describeCount(snippets.length, 'snippet')}, ${demands.snippets} at least at its level`;
  const fix = 'show the regions that the pattern relies on';
  reportSection(check, 'snippets-too-few', { line: section.line, message, fix });
}

function checkExplained(check: Check): void {
  const section = findSection(check, 'How it works');
  if (section === undefined) return;
  const { line, nodes } = section;
  const { explained } = check.demands;
  const diagrams = nodes.filter((node) => node.type === 'code' && node.lang === 'mermaid').length;
  if (diagrams > 1 || (explained && diagrams === 0)) {
    const message = `"How it works" has ${describeCount(diagrams, 'mermaid fence')}, exactly one is demanded`;
    reportSection(check, 'diagram-count', {
      line,
      message,
      fix: 'draw the one picture that explains it',
    });
  }
  const list = nodes.find((node): node is List => node.type === 'list' && node.ordered === true);
  const count = list?.children.length ?? 0;
  const { least, most } = LIMITS.invariants;
  if (count <= most && (count >= least || !explained)) return;
  const bounds = `${least} to ${most}`;
  const message = `"How it works" has ${describeCount(count, 'numbered invariant')}, ${bounds} are demanded`;
  const fix = 'number what always holds, one sentence each';
  reportSection(check, 'invariant-count', {
    line: list === undefined ? line : lineOf(list),
    message,
    fix,
  });
}

function checkFailureCount(check: Check): void {
  const { built, demands, id } = check;
  if (built.proof === undefined) return;
  const count = built.proof.failures.length;
  const line = findSection(check, 'What can go wrong')?.line ?? 1;
  if (count >= demands.failures) return;
  const message = `the pattern has ${describeCount(count, 'failure')}, ${demands.failures} at least at its level`;
  const fix = `declare them with failure() in a test, then npm run prove -- ${id}`;
  reportSection(check, 'failures-too-few', { line, message, fix });
}

/** The engine reports a block that has no bench; this rule reports a section that has not even the block. */
function checkBench(check: Check): void {
  const { built, demands, hasBench, id } = check;
  const block = built.blocks.some(({ name }) => name === 'bench');
  if (hasBench || block || demands.optional.includes('Performance')) return;
  const line = findSection(check, 'Performance')?.line ?? 1;
  const message = 'the level of the pattern demands a bench, and the example has no bench.json';
  reportSection(check, 'bench-missing', { line, message, fix: `npm run bench -- ${id}` });
}

function checkLink(check: Check, link: { url: string; line: number; column: number }): void {
  const path = resolvePageLink(check.file, link.url);
  if (path === undefined || check.exists(path)) return;
  const message = `the link points to ${shorten(path)}, which does not exist`;
  const { line, column } = link;
  reportSection(check, 'link-missing', {
    line,
    column,
    message,
    fix: 'link to a file that is there',
  });
}
