import { escapeHtml } from '../text/escape-html.ts';
import { type Layout, type Link, layOutFlow, type Slot } from './lay-out-flow.ts';
import type { Flow } from './read-flow.ts';

/** Draws a flowchart from top to bottom as HTML: its text wraps where the page is narrow. */
export function drawFlow(flow: Flow): string {
  const layout = layOutFlow(flow);
  const layers = layout.layers.map((slots, layer) => drawLayer(slots) + drawLinks(layout, layer));
  return `<div class="flow">${layers.join('')}</div>`;
}

/** The same in words, an arrow a clause. */
export function describeFlow({ nodes, edges }: Flow): string[] {
  const find = (id: string) => nodes.find((node) => node.id === id)?.text ?? id;
  return edges.map(
    ({ from, to, text }) => `${find(from)} to ${find(to)}${text === '' ? '' : `: ${text}`}`,
  );
}

function drawLayer(slots: Slot[]): string {
  const boxes = slots.map(({ node, width }) => {
    const style = `style="width: ${width.toFixed(2)}%"`;
    if (!node) return `<i ${style}></i>`;
    return `<div ${style}><b${node.isDecision ? ' class="decision"' : ''}>${escapeHtml(node.text)}</b></div>`;
  });
  return `<div class="layer">${boxes.join('')}</div>`;
}

/** The lines below a layer, and what is written at them: above the box that they lead to, or below the one they come from. */
function drawLinks({ layers, links }: Layout, layer: number): string {
  const [above = [], below = [], here = []] = [layers[layer], layers[layer + 1], links[layer]];
  if (here.length === 0) return '';
  const [ends, starts] = [groupTexts(here, 'to'), groupTexts(here, 'from')];
  const [slots, texts] = countMost(ends) <= countMost(starts) ? [below, ends] : [above, starts];
  const labels = slots.map(({ width }, index) => {
    const words = texts.get(index) ?? [];
    const label = words.length > 0 ? `<span>${words.map(escapeHtml).join('<br>')}</span>` : '';
    return `<div style="width: ${width.toFixed(2)}%">${label}</div>`;
  });
  const lines = here.map((link) => drawLine(link, above, below));
  return `<div class="links"><svg>${lines.join('')}</svg>${labels.join('')}</div>`;
}

/** What is written at links, by the place at one of their ends. */
function groupTexts(links: Link[], end: 'from' | 'to'): Map<number, string[]> {
  const texts = Map.groupBy(
    links.filter(({ text }) => text !== ''),
    (link) => link[end],
  );
  return new Map([...texts].map(([place, group]) => [place, group.map(({ text }) => text)]));
}

const countMost = (texts: Map<number, string[]>): number =>
  Math.max(0, ...[...texts.values()].map(({ length }) => length));

/** A line with a mark at each end that an arrow points to. */
function drawLine({ from, to, isBack, ends }: Link, above: Slot[], below: Slot[]): string {
  const [top = 50, bottom = 50] = [above[from]?.middle, below[to]?.middle];
  const head = (x: number, y: string, path: string) =>
    `<svg x="${x.toFixed(2)}%" y="${y}"><path d="${path}"/></svg>`;
  return [
    `<line x1="${top.toFixed(2)}%" x2="${bottom.toFixed(2)}%" y2="100%"/>`,
    ends ? head(bottom, '100%', 'M-4 -7L0 0L4 -7Z') : '',
    isBack ? head(top, '0', 'M-4 7L0 0L4 7Z') : '',
  ].join('');
}
