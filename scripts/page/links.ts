import { posix } from 'node:path';
import type { Nodes } from 'mdast';
import { listNodes } from '../engine/markdown.ts';

/** Every link, image and definition of a page, in their order. */
export function* findLinks(tree: Nodes): Generator<{ url: string; line: number; column: number }> {
  for (const node of listNodes(tree)) {
    if (node.type !== 'link' && node.type !== 'image' && node.type !== 'definition') continue;
    const { line = 1, column = 1 } = node.position?.start ?? {};
    yield { url: node.url, line, column };
  }
}

/** The path in the repository that a link of a page leads to; undefined for the web and the page itself. */
export function resolvePageLink(file: string, url: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(url) || url.startsWith('//')) return undefined;
  const [path = ''] = url.split(/[?#]/, 1);
  if (path === '') return undefined;
  const decoded = decode(path);
  return posix.normalize(
    decoded.startsWith('/') ? `.${decoded}` : posix.join(posix.dirname(file), decoded),
  );
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
