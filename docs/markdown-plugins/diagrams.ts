import type { MdastPluginDefinition } from 'satteri';
import { drawDiagram } from '../diagrams/draw-diagram.ts';
import { escapeHtml } from '../text/escape-html.ts';

/** Replaces each mermaid fence by its drawing. */
export const diagrams: MdastPluginDefinition = {
  name: 'diagrams',
  code(node, context) {
    if (node.lang !== 'mermaid') return;
    const title = /\btitle="([^"]*)"/.exec(node.meta ?? '')?.[1];
    const caption = title ? `<figcaption>${escapeHtml(title)}</figcaption>` : '';
    const value = `<figure class="diagram not-content">${drawDiagram(node.value)}${caption}</figure>`;
    context.replaceNode(node, { type: 'html', value });
  },
};
