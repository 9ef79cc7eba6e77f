import type { MdastPluginDefinition } from 'satteri';
import { drawDiagram } from './draw-diagram.ts';

/** Replaces each mermaid fence by its drawing; called once a document, so ids start again. */
export function diagrams(): MdastPluginDefinition {
  let count = 0;
  return {
    name: 'diagrams',
    code(node, context) {
      if (node.lang !== 'mermaid') return;
      count += 1;
      const svg = drawDiagram(node.value, `diagram-${count}`);
      context.replaceNode(node, { type: 'html', value: frame(svg, readTitle(node.meta)) });
    },
  };
}

function frame(svg: string, title: string | undefined): string {
  const caption = title ? `<figcaption>${escapeHtml(title)}</figcaption>` : '';
  const width = / width="([\d.]+)"/.exec(svg)?.[1] ?? 0;
  // It scrolls on a phone, so the keyboard must reach it.
  const box = `<div tabindex="0" style="--diagram-width: ${width}px">${svg}</div>`;
  return `<figure class="diagram not-content">${box}${caption}</figure>`;
}

const readTitle = (meta?: string | null) => /\btitle="([^"]*)"/.exec(meta ?? '')?.[1];

const escapeHtml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
