import { renderMermaidSVG } from 'beautiful-mermaid';

/** The site's own colours, as CSS variables: one drawing serves light and dark. */
const colours = {
  bg: 'var(--sl-color-bg)',
  fg: 'var(--sl-color-white)',
  line: 'var(--sl-color-gray-3)',
  muted: 'var(--sl-color-gray-2)',
  surface: 'var(--sl-color-gray-6)',
  border: 'var(--sl-color-gray-4)',
};

/** Draws Mermaid text as SVG with a text alternative; `id` sets its ids apart from others. */
export function drawDiagram(text: string, id: string): string {
  const svg = renderMermaidSVG(text, { ...colours, padding: 8, transparent: true })
    // The renderer asks a font host for its font; the page's own font is there already.
    .replace(/ *@import url\([^)]*\);\n| *text \{ font-family:[^}]*\}\n/g, '')
    .replace(/ id="/g, ` id="${id}-`)
    .replaceAll('url(#', `url(#${id}-`);
  return svg.replace('<svg ', `<svg role="img" aria-label="${describeDiagram(svg)}" `);
}

/** Says the drawing in words, an arrow a clause: "Client to API: POST /token; …". */
function describeDiagram(svg: string): string {
  const names = new Map(listTags(svg, 'actor|node').map(({ id, label }) => [id, label]));
  const name = (id = '') => names.get(id) || id;
  const arrows = listTags(svg, 'message|edge').map(
    ({ from, to, label }) => `${name(from)} to ${name(to)}${label ? `: ${label}` : ''}`,
  );
  return arrows.length > 0 ? `Diagram. ${arrows.join('; ')}` : 'Diagram';
}

/** The data attributes of each element that has one of the classes; values stay escaped. */
function listTags(svg: string, classes: string): Record<string, string>[] {
  return [...svg.matchAll(new RegExp(`<\\w+ class="(?:${classes})"[^>]*>`, 'g'))].map(([tag]) =>
    Object.fromEntries(
      [...tag.matchAll(/data-([\w-]+)="([^"]*)"/g)].map(([, key, value]) => [key, value]),
    ),
  );
}
