import { posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Definition, Link } from 'mdast';
import type { MdastPluginDefinition, MdastVisitorContext } from 'satteri';
import { linkSource } from '../source-links.ts';

/** Makes links between files of the repository right on the site as well; one to a file that is not on the web becomes its text. */
export function repositoryLinks(root: string): MdastPluginDefinition {
  return { name: 'repository-links', link: rewrite, definition: rewrite };

  function rewrite(node: Readonly<Link | Definition>, context: MdastVisitorContext): void {
    if (!context.fileURL) return;
    const page = relative(root, fileURLToPath(context.fileURL)).split(sep).join('/');
    const url = resolveSiteLink(page, node.url);
    if (url === undefined) context.replaceNode(node, 'children' in node ? [...node.children] : []);
    else if (url !== node.url) context.setProperty(node, 'url', url);
  }
}

/** The site's address for a relative link of `page`: a page of the site, or a file on the web; undefined when the file is not there. */
export function resolveSiteLink(
  page: string,
  url: string,
  repository?: string,
): string | undefined {
  if (/^([a-z][a-z+.-]*:|[/#])/i.test(url)) return url;
  const [, path = '', rest = ''] = /^([^?#]*)(.*)$/.exec(url) ?? [];
  const target = posix.join(posix.dirname(page), path);
  const address = /^(?:docs\/content\/docs\/|(?=patterns\/))(.*)\.mdx?$/.exec(target)?.[1];
  if (!address) return linkSource(`${target}${rest}`, repository);
  return address === 'index' ? `/${rest}` : `/${address}/${rest}`;
}
