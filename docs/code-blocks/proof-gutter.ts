import { definePlugin } from '@astrojs/starlight/expressive-code';
import { h } from '@astrojs/starlight/expressive-code/hast';
import { describeCount } from '../../scripts/text/describe-count.ts';
import { readEvidence } from '../patterns/evidence.ts';
import { findShownPattern } from './example-blocks.ts';
import { findChild } from './find-child.ts';
import { findFold } from './fold-long-code.ts';
import { joinRuns, type ProvenRun, proveLines } from './line-proofs.ts';

type CodeBlock = Parameters<typeof findShownPattern>[0] & {
  getLines: () => readonly { text: string }[];
};
type Gutter = {
  runs: ProvenRun[];
  tests: string[];
  prefix: string;
  isExcerpt: boolean;
  /** Which lines of the snippet the block has: from the first, folded before `fold`, to before `end`. */
  from: number;
  fold: number;
  end: number;
};

const VERBS = { executed: 'run', applied: 'applied', loaded: 'loaded', declared: 'declared' };

/** Draws beside each snippet which lines tests have run; the mark of a run of lines names the tests. */
export function proofGutter(root: string) {
  const gutters = new WeakMap<object, Gutter>();
  return definePlugin({
    name: 'proof-gutter',
    jsModules: [NAME_ON_HOVER],
    hooks: {
      preprocessCode({ codeBlock, addGutterElement }) {
        const gutter = readGutter(root, codeBlock);
        if (!gutter) return;
        gutters.set(codeBlock, gutter);
        addGutterElement({
          renderLine: ({ lineIndex }) => drawLine(gutter, lineIndex),
          renderPlaceholder: () => h('span.proof'),
        });
      },
      postprocessRenderedBlock({ codeBlock, renderData }) {
        const gutter = gutters.get(codeBlock);
        if (!gutter || gutter.runs.length === 0) return;
        const notes = gutter.runs.map((run) => drawNote(gutter, run));
        findChild(renderData.blockAst, 'figcaption')?.children.push(drawLabel(gutter));
        // The marks of an excerpt open the notes of the whole, which the page has too.
        if (gutter.isExcerpt) return;
        renderData.blockAst.children.push(...notes);
        if (gutter.runs.length > 1) renderData.blockAst.children.push(drawSummary(gutter));
      },
    },
  });
}

function readGutter(root: string, codeBlock: CodeBlock): Gutter | undefined {
  const id = findShownPattern(codeBlock);
  const source = codeBlock.metaOptions.getString('source');
  const evidence = id && source ? readEvidence(root, id) : undefined;
  const lines = evidence && source && proveLines(evidence, source);
  if (!lines) return undefined;
  const excerpt = codeBlock.metaOptions.getString('excerpt');
  const from = Number(excerpt ?? 1) - 1;
  const shown = codeBlock.getLines();
  return {
    runs: joinRuns(lines),
    tests: evidence.proof?.tests ?? [],
    prefix: `proof-${source.replace(/\W+/g, '-')}`,
    isExcerpt: excerpt !== undefined,
    from,
    fold: from + findFold(shown),
    end: from + shown.length,
  };
}

/** In the header of the code: how many tests ran it, as a button that names them. */
function drawLabel(gutter: Gutter) {
  const [first] = gutter.runs;
  const note =
    gutter.runs.length === 1 && first ? nameNote(gutter.prefix, first) : nameSummary(gutter);
  const words = `${VERBS[first?.kind ?? 'executed']} by ${describeCount(listAll(gutter).length, 'test')}`;
  return h('button.proven-by', { type: 'button', popovertarget: note }, words);
}

/** All tests of a snippet; the marks beside it name those of their lines. */
function drawSummary(gutter: Gutter) {
  const names = listAll(gutter);
  const title = `${describeCount(names.length, 'test')} ran lines of this code. Each bar names the tests of its lines.`;
  return drawPopover(nameSummary(gutter), title, names);
}

const nameSummary = ({ prefix }: Gutter): string => `${prefix}-all`;

const listAll = ({ runs, tests }: Gutter): string[] =>
  [...new Set(runs.flatMap((run) => run.tests))]
    .sort((a, b) => a - b)
    .map((index) => tests[index] ?? '');

/** One button for a run of lines, as high as they are in this block; one more where the fold parts them. */
function drawLine({ runs, from, fold, end, prefix }: Gutter, index: number) {
  const line = from + index;
  const isStart = line === from || line === fold;
  const run = runs.find(({ first, last }) =>
    isStart ? first <= line && line <= last : first === line,
  );
  if (!run) return h('span.proof');
  const height = Math.min(run.last + 1, line < fold ? fold : end) - line;
  return h('span.proof', [
    h(`button.${run.kind}`, {
      type: 'button',
      popovertarget: nameNote(prefix, run),
      ariaLabel: describeRun(run),
      style: `--lines: ${height}`,
    }),
  ]);
}

function drawNote(gutter: Gutter, run: ProvenRun) {
  return drawPopover(nameNote(gutter.prefix, run), describeRun(run), listTests(gutter, run));
}

function drawPopover(id: string, title: string, tests: string[]) {
  const items = tests.map((name) => h('li', name));
  return h('div.proof-note', { popover: 'auto', id }, [h('p', title), h('ul', items)]);
}

const nameNote = (prefix: string, { first }: ProvenRun): string => `${prefix}-${first + 1}`;

const listTests = ({ tests }: Gutter, run: ProvenRun): string[] =>
  run.tests.map((index) => tests[index] ?? '');

function describeRun({ kind, tests, first, last }: ProvenRun): string {
  const lines = first === last ? `Line ${first + 1}` : `Lines ${first + 1} to ${last + 1}`;
  return `${lines}: ${VERBS[kind]} by ${describeCount(tests.length, 'test')}`;
}

/** The names are in the page once, in the note; a pointer that rests on the mark is told them too. */
const NAME_ON_HOVER = `
  addEventListener('pointerover', ({ target }) => {
    const mark = target instanceof Element && target.closest('.proof button:not([title])');
    if (!mark) return;
    const names = mark.popoverTargetElement.querySelectorAll('li');
    mark.title = [...names].map(({ textContent }) => textContent).join('\\n');
  });
`;
