import { definePlugin } from '@astrojs/starlight/expressive-code';
import { h } from '@astrojs/starlight/expressive-code/hast';
import { readEvidence } from '../patterns/evidence.ts';
import { findPatternId } from '../patterns/find-pattern-id.ts';
import { joinRuns, type ProvenRun, proveLines } from './line-proofs.ts';

type CodeBlock = Parameters<typeof findSource>[0];
type Gutter = { runs: ProvenRun[]; tests: string[]; prefix: string };

const VERBS = { executed: 'run', applied: 'applied', loaded: 'loaded', declared: 'declared' };

/** Draws beside each snippet which lines tests have run; the mark of a run of lines names the tests. */
export function proofGutter(root: string) {
  const gutters = new WeakMap<object, Gutter>();
  return definePlugin({
    name: 'proof-gutter',
    baseStyles: STYLES,
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
        const notes = gutter?.runs.map((run) => drawNote(gutter, run)) ?? [];
        renderData.blockAst.children.push(...notes);
      },
    },
  });
}

function readGutter(root: string, codeBlock: CodeBlock): Gutter | undefined {
  const found = findSource(codeBlock);
  const evidence = found && readEvidence(root, found.id);
  const lines = evidence && proveLines(evidence, found.source);
  if (!lines) return undefined;
  const prefix = `proof-${found.source.replace(/\W+/g, '-')}`;
  return { runs: joinRuns(lines), tests: evidence.proof?.tests ?? [], prefix };
}

/** The pattern whose page this block is in, and the region it shows. */
function findSource({
  parentDocument,
  metaOptions,
}: {
  parentDocument?: { sourceFilePath?: string | undefined } | undefined;
  metaOptions: { getString: (key: string) => string | undefined };
}): { id: string; source: string } | undefined {
  const id = findPatternId(parentDocument?.sourceFilePath ?? '');
  const source = metaOptions.getString('source');
  return id && source ? { id, source } : undefined;
}

/** One button for a run of lines, as high as they are. */
function drawLine(gutter: Gutter, index: number) {
  const run = gutter.runs.find(({ first }) => first === index);
  if (!run) return h('span.proof');
  const note = nameNote(gutter, run);
  const height = run.last - run.first + 1;
  const label = describeRun(run);
  return h('span.proof', [
    h(`button.${run.kind}`, {
      type: 'button',
      popovertarget: note,
      ariaLabel: label,
      style: `--lines: ${height}`,
    }),
  ]);
}

function drawNote(gutter: Gutter, run: ProvenRun) {
  const tests = listTests(gutter, run).map((name) => h('li', name));
  const content = [h('p', describeRun(run)), h('ul', tests)];
  return h(
    'div.proof-note',
    { popover: 'auto', id: nameNote(gutter, run), 'data-pagefind-ignore': '' },
    content,
  );
}

const nameNote = ({ prefix }: Gutter, { first }: ProvenRun): string => `${prefix}-${first + 1}`;

const listTests = ({ tests }: Gutter, run: ProvenRun): string[] =>
  run.tests.map((index) => tests[index] ?? '');

function describeRun({ kind, tests, first, last }: ProvenRun): string {
  const lines = first === last ? `Line ${first + 1}` : `Lines ${first + 1} to ${last + 1}`;
  return `${lines}: ${VERBS[kind]} by ${tests.length} ${tests.length === 1 ? 'test' : 'tests'}`;
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

/** Filled for lines that ran, hollow for what was used as a whole: told apart without colour. */
const STYLES = `
  .gutter .proof {
    display: block;
    position: relative;
    width: 1.5rem;
    height: 100%;
    pointer-events: auto;
  }
  .proof button {
    position: absolute;
    z-index: 1;
    inset: 0 0 auto 0;
    height: calc(var(--lines) * 100%);
    padding: 0;
    border: 0;
    background: none;
    cursor: pointer;
  }
  .proof button::before {
    content: '';
    position: absolute;
    inset: 2px auto 2px 8px;
    width: 5px;
    box-sizing: border-box;
    border: 1px solid var(--proof-colour);
    border-radius: 3px;
  }
  .proof button.executed::before {
    background: var(--proof-colour);
  }
  .proof button:is(:hover, :focus-visible)::before {
    width: 8px;
  }
  .proof-note {
    max-width: min(36rem, calc(100vw - 2rem));
    max-height: 60vh;
    margin: auto;
    padding: 0.75rem 1rem;
    border: 1px solid var(--sl-color-gray-5);
    border-radius: 0.25rem;
    background: var(--sl-color-bg-nav);
    color: var(--sl-color-white);
    font: var(--sl-text-sm) / 1.5 var(--sl-font);
    overflow: auto;
  }
  @supports (position-area: right span-bottom) {
    .proof-note {
      position-area: right span-bottom;
      position-try-fallbacks: right span-top;
      margin: 0.25rem;
    }
  }
  .proof-note p {
    margin: 0 0 0.5rem;
    font-weight: 600;
  }
  .proof-note ul {
    margin: 0;
    padding-inline-start: 1.1rem;
  }
`;
