const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"' };

/** What the head of a page says of it, by property or name: `og:title`, `description`. */
export function readMeta(html: string): Map<string, string> {
  const head = html.slice(0, html.indexOf('</head>'));
  const tags = [...head.matchAll(/<meta (?:property|name)="([^"]*)" content="([^"]*)"/g)];
  return new Map(tags.map(([, name = '', content = '']) => [name, unescapeHtml(content)]));
}

function unescapeHtml(text: string): string {
  return text.replace(/&(?:#(\d+)|(\w+));/g, (entity, code, name) =>
    code ? String.fromCodePoint(Number(code)) : (ENTITIES[name] ?? entity),
  );
}
